"""A run of useless replies is found in the ledger, and only since the run was last begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.models.usefulness import WORDLESS_BUILDS, check_code, check_replies
from memory.ledger.ledger import Ledger
from pelagos.errors import ModelUnavailable
from pelagos.nouns import Build, Experiment, Try


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def run(ledger: Ledger, builds_before: int = 0) -> Any:
    def noun(_: type[Build], id: str) -> Build:
        return Build(**(ledger.find("build", id) or {}))

    tally = SimpleNamespace(all_builds=[event.key for event in ledger.events("build")])
    return SimpleNamespace(ledger=ledger, noun=noun, tally=tally, builds_before=builds_before)


def built(ledger: Ledger, *causes: str) -> None:
    number = len(ledger.events("build"))
    tries = [Try(index=place, kind="draft", cause=cause, detail=f"{cause}!") for place, cause in enumerate(causes)]
    build = Build(
        id=f"b{number}", hypothesis=f"h{number}", plan=f"p{number}", version=None, cause=causes[-1], tries=tries
    )
    ledger.append("build", build.id, build.model_dump(mode="json"))


def said(ledger: Ledger, role: str, kind: str, cause: str = "") -> None:
    key = str(ledger.last_seq())
    ledger.append(kind, key, {"role": role, "cause": cause, "error": f"{cause} of {role}"})


def ran(ledger: Ledger, hypothesis: str | None) -> None:
    named = {"version": "v", "seed": 1, "split": "validation", "outcome": "ok"}
    ledger.record(Experiment(id="e", hypothesis=hypothesis, **named), "e")


@pytest.mark.parametrize("causes", [("model",), ("no_edit", "no_edit"), ("model", "no_edit"), ("reply",)])
def test_plans_without_any_code(causes: tuple[str, ...], ledger: Ledger) -> None:
    for _ in range(WORDLESS_BUILDS - 1):
        built(ledger, *causes)
        check_code(run(ledger))
    built(ledger, *causes)
    with pytest.raises(ModelUnavailable, match="coder: no reply for the last 3 plans held any code"):
        check_code(run(ledger))
    check_code(run(ledger, WORDLESS_BUILDS))  # resumed


@pytest.mark.parametrize("cause", ["syntax", "error", "no_change", "ok"])
def test_bad_code_is_code(cause: str, ledger: Ledger) -> None:
    for _ in range(WORDLESS_BUILDS):
        built(ledger, "model", cause)
    check_code(run(ledger))


@pytest.mark.parametrize("cause", ["schema", "not_json", "empty", "timeout"])
def test_role_without_a_usable_reply(cause: str, ledger: Ledger) -> None:
    said(ledger, "ideator", "model")
    for _ in range(2):
        if cause == "schema":
            said(ledger, "planner", "model")
        said(ledger, "planner", "model.fault", cause)
    with pytest.raises(ModelUnavailable, match=f"planner: none of its replies could be used, the last: {cause}"):
        check_replies(run(ledger))
    ran(ledger, "h1")
    check_replies(run(ledger))


def test_one_usable_reply_is_enough(ledger: Ledger) -> None:
    said(ledger, "planner", "model.fault", "empty")
    said(ledger, "planner", "model")
    ran(ledger, None)
    check_replies(run(ledger))
