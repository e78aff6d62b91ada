from __future__ import annotations

from pathlib import Path

import pytest

from app.record.folders import read_record
from app.review.compare.hypotheses import HypothesisSide, compare_hypotheses, read_hypothesis_side
from app.review.compare.lines import Line
from app.review.compare.names import split_name
from app.review.compare.runs import RunSide, read_side
from pelagos.errors import BadInput


@pytest.fixture
def run(run_folder: Path) -> RunSide:
    return read_side(run_folder, read_record(run_folder), "demo")


def _read(run_folder: Path, run: RunSide, id: str) -> HypothesisSide:
    return read_hypothesis_side(run_folder, run, id)


def test_numbers_stand_side_by_side(run_folder: Path, run: RunSide) -> None:
    compared = compare_hypotheses(_read(run_folder, run, "h1"), _read(run_folder, run, "h2"))
    numbers = {line.name: line for line in compared.numbers}
    assert numbers["verdict"] == Line("verdict", "supported", "refuted")
    assert numbers["effect"] == Line("effect", "+0.05", "−0.03")
    assert numbers["sealed claim"] == Line("sealed claim", "holds", "–")
    assert numbers["tries"] == Line("tries", "2", "2")
    assert not numbers["tries"].differs
    assert compared.warnings == []
    assert [moment.kind for moment in compared.b.trace][:2] == ["idea", "screening"]


def test_one_axis_serves_both(run_folder: Path, run: RunSide) -> None:
    compared = compare_hypotheses(_read(run_folder, run, "h1"), _read(run_folder, run, "h2"))
    assert compared.axis.low <= -0.05
    assert compared.axis.high >= 0.07


def test_of_two_runs_what_keeps_them_from_being_compared_is_said(run_folder: Path, run: RunSide) -> None:
    record = read_record(run_folder)
    record.started = record.started.model_copy(update={"task": "other"})
    other = RunSide("other", record, run.state, run.pins)
    compared = compare_hypotheses(_read(run_folder, run, "h1"), _read(run_folder, other, "h1"))
    assert compared.warnings == ["The tasks differ: digits and other."]


def test_an_unknown_hypothesis_is_refused(run_folder: Path, run: RunSide) -> None:
    with pytest.raises(BadInput, match="hypothesis 'h9': not in the run demo"):
        _read(run_folder, run, "h9")


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("demo", ("demo", "")),
        ("demo/h1", ("demo", "h1")),
        ("a/b", ("a/b", "")),
        ("a/b/h1", ("a/b", "h1")),
        ("none", ("none", "")),
        ("", ("", "")),
    ],
)
def test_names_are_split(name: str, pair: tuple[str, str]) -> None:
    assert split_name(name, ["demo", "a/b"]) == pair
