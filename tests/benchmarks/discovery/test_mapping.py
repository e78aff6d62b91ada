"""The mapping reader, and what the shipped mapping must hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.discovery.mapping import expressed, read_mapping
from pelagos.errors import BadInput
from tools.analysis.packs.registry import load_packs

CALL = {"tool": "association", "arguments": {"outcome": "y", "predictors": ["x"]}, "entity": "x", "direction": "up"}
LINE = {"data": "d", "metadata": "metadata_0.json", "query": 0, "outcome": "y", "implications": [CALL]}


def write(tmp_path: Path, *lines: dict[str, object]) -> Path:
    path = tmp_path / "mapping.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_line_is_read(tmp_path: Path) -> None:
    (gold,) = read_mapping(write(tmp_path, LINE))
    assert gold.id == "d metadata_0.json 0"
    assert gold.implications[0].direction == "up"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"implications": []}, "either implications or a reason"),
        ({"reason": "shape"}, "and not both"),
        ({"outcome": "z"}, "doesn't use the outcome 'z'"),
        ({"implications": [CALL | {"direction": "sideways"}]}, "'up', 'down' or 'either'"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match="line 2") as caught:
        read_mapping(write(tmp_path, LINE | {"query": 1}, LINE | change))
    assert said in str(caught.value)


def test_a_hypothesis_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="twice"):
        read_mapping(write(tmp_path, LINE, LINE))


def test_the_shipped_mapping_calls_tools_of_the_pack_with_their_arguments() -> None:
    golds, specs = read_mapping(), load_packs(["tables"])
    assert len(expressed(golds)) >= 40
    for gold in expressed(golds):
        for each in gold.implications:
            parameters = specs[each.tool].parameters
            assert set(each.arguments) <= set(parameters), gold.id
            assert {name for name, one in parameters.items() if one.required} <= set(each.arguments), gold.id
