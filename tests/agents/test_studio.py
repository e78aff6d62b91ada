"""LangGraph Studio finds the graph that langgraph.json names."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

from agents.graph import ONCE, REPEATED
from pelagos.errors import BadInput

ROOT = Path(__file__).parents[2]


def test_the_factory_that_langgraph_json_names_makes_the_graph_with_all_nodes() -> None:
    config = json.loads((ROOT / "langgraph.json").read_text())
    path, _, name = config["graphs"]["pelagos"].partition(":")
    assert (ROOT / path).is_file()
    factory = getattr(import_module(path.removeprefix("./").removesuffix(".py").replace("/", ".")), name)
    drawn = set(factory().get_graph(xray=True).nodes)
    assert {node.__name__ for node in ONCE} <= drawn
    assert {f"lane:segment:{node.__name__}" for node in REPEATED if node.__name__ not in ("gate", "glance")} <= drawn


@pytest.mark.parametrize(("review", "node"), [("gate", "lane:segment:gate"), ("async", "lane:segment:glance")])
def test_the_review_mode_is_a_variable(monkeypatch: pytest.MonkeyPatch, review: str, node: str) -> None:
    from agents.studio import make_graph

    monkeypatch.setenv("PELAGOS_LOOP__REVIEW", review)
    assert node in make_graph().get_graph(xray=True).nodes


def test_an_unknown_mode_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from agents.studio import make_graph

    monkeypatch.setenv("PELAGOS_LOOP__REVIEW", "sometimes")
    with pytest.raises(BadInput, match="one of off, async, gate"):
        make_graph()
