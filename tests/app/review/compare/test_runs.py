from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.record.folders import read_record
from app.review.compare.lines import Line, pair_values
from app.review.compare.runs import RunSide, compare_runs, list_warnings, read_side
from memory.ledger.ledger import Ledger
from pelagos.facts.checks import Pin
from pelagos.nouns import Metric
from pelagos.settings import Settings


@pytest.fixture
def side(run_folder: Path) -> RunSide:
    return read_side(run_folder, read_record(run_folder), "demo")


def _change(side: RunSide, **started: Any) -> RunSide:
    record = read_record(Path(side.record.ledger).parent)
    record.started = record.started.model_copy(update=started)
    return RunSide("other", record, side.state, side.pins)


def test_two_that_are_alike_can_be_compared(side: RunSide) -> None:
    compared = compare_runs(side, _change(side))
    assert compared.warnings == compared.settings == []
    assert not any(line.differs for line in compared.funnel)
    assert Line("proposed", "2", "2") in compared.funnel
    assert Line("baseline", "0.82 ± 0.01", "0.82 ± 0.01") in compared.facts
    assert [(best.id, best.verdict, best.effect) for best in compared.best[0]] == [
        ("h1", "supported", "+0.05"),
        ("h2", "refuted", "−0.03"),
    ]


METRIC = Metric(name="accuracy", direction="down", min_effect=0.01)


@pytest.mark.parametrize(
    ("started", "warning"),
    [
        ({"task": "other"}, "The tasks differ: digits and other."),
        ({"digest": "abcdef0123"}, "The task's text or files differ: unknown and abcdef01."),
        ({"metric": METRIC}, "The metrics differ: accuracy (up) and accuracy (down)."),
    ],
)
def test_what_keeps_numbers_from_being_compared_is_said(side: RunSide, started: dict[str, Any], warning: str) -> None:
    assert list_warnings(side, _change(side, **started)) == [warning]


@pytest.mark.parametrize(
    ("pins", "warning"),
    [
        ({"validation": Pin(digest="b")}, "The data or the evaluator differ: validation."),
        ({"validation": Pin(digest="a", inputs="other")}, "The data or the evaluator differ: validation."),
        ({"validation": Pin(digest="a"), "baseline": Pin(digest="c")}, "The baseline programs differ."),
    ],
)
def test_other_data_and_another_baseline_are_said(side: RunSide, pins: dict[str, Pin], warning: str) -> None:
    pinned = RunSide("demo", side.record, side.state, {"validation": Pin(digest="a")})
    assert list_warnings(pinned, RunSide("other", side.record, side.state, pins)) == [warning]


def _make_seed(split: str, data: str) -> dict[str, Any]:
    id = f"{split} {data}"
    return {
        "id": id, "version": "v0", "hypothesis": None, "seed": 1, "split": split, "outcome": "ok", "data": data,
    }  # fmt: skip


def _add_seeds(run_folder: Path, to: str, *seeds: dict[str, Any]) -> RunSide:
    """Return a copy of the run with more experiments of the baseline."""
    other = run_folder.with_name(to)
    shutil.copytree(run_folder, other)
    with closing(Ledger.open(other / "ledger.db")) as ledger:
        for seed in seeds:
            ledger.append("experiment", seed["id"], seed)
    return read_side(other, read_record(other), to)


def test_other_data_are_said_where_nothing_is_pinned(run_folder: Path) -> None:
    """A split that one run alone looked at doesn't count."""
    one = _add_seeds(run_folder, "one", _make_seed("validation", "a"))
    same = _add_seeds(run_folder, "same", _make_seed("validation", "a"), _make_seed("sealed", "z"))
    other = _add_seeds(run_folder, "other", _make_seed("validation", "b"))
    assert list_warnings(one, same) == []
    assert list_warnings(one, other) == ["The experiments saw other data: validation."]


def test_settings_that_differ_go_by_their_dotted_names(side: RunSide) -> None:
    settings = Settings(loop={"hypotheses": 7}).model_dump(mode="json")
    compared = compare_runs(side, _change(side, settings=settings))
    assert compared.settings == [Line("loop.hypotheses", "not set", "7")]


def test_names_are_paired_and_empty_lines_left_out() -> None:
    assert pair_values({"a": "1", "b": "", "c": ""}, {"c": "3", "d": "4", "b": ""}) == [
        Line("a", "1", "–"), Line("c", "–", "3"), Line("d", "–", "4"),
    ]  # fmt: skip
