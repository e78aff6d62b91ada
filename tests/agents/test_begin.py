"""A hypothesis is begun where it was asked for and where it fits into the time that is left; never twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.begin import begin, tell_pace
from agents.run import Run
from tests.agents.nodes.laboratory import at, carried_out, judged, run_in


class Thinks:
    def __init__(self, *rates: float | None) -> None:
        self.rates = rates


def timed(folder: Path, seconds: float | None, rates: Any = (30.0, 10.0), experiment_s: float = 2.0) -> Run:
    run = run_in(folder, caps={"seconds": seconds})
    run.mind = lambda role: Thinks(*rates)  # type: ignore[assignment, return-value]
    run.pace.experiment_s = experiment_s
    return run


def test_what_fits_is_begun_and_its_pace_is_told(tmp_path: Path) -> None:
    run = timed(tmp_path, 1000.0)
    assert begin("h1", at(), run) == ""
    fact = run.ledger.find("pace", "h1")
    assert fact is not None
    assert (fact["hypothesis"], fact["read_tps"], fact["write_tps"]) == ("h1", 30.0, 10.0)
    assert 100 < fact["hypothesis_s"] < fact["left_s"] < 1000


def test_what_does_not_fit_is_not_begun_and_the_least_that_would_is_said(tmp_path: Path) -> None:
    run = timed(tmp_path, 130.0)
    said = begin("h1", at(), run)
    assert said.startswith("no time for one more: a hypothesis takes about 142 s here, ")
    assert "give at least --hours 0.0" in said
    assert run.ledger.find("pace", "h1") is None


def test_confirm_keeps_its_share(tmp_path: Path) -> None:
    quick, slow = timed(tmp_path / "a", 300.0), timed(tmp_path / "b", 300.0, experiment_s=12.0)
    for run in (quick, slow):
        begin("h1", at(), run)
    kept = [300.0 - (run.steps.budget.left_s() or 0.0) for run in (quick, slow)]
    assert kept[0] < 60 < kept[1] <= 0.43 * 300


def test_without_a_measure_one_is_begun_and_its_pace_is_told_after_the_first_call(tmp_path: Path) -> None:
    run = timed(tmp_path, 1000.0, rates=(None, None))
    assert begin("h1", at(), run) == ""
    tell_pace("h1", run)
    assert run.ledger.find("pace", "h1/measured") is None
    run.mind = lambda role: Thinks(30.0, 10.0)  # type: ignore[assignment, return-value]
    tell_pace("h1", run)
    fact = run.ledger.find("pace", "h1/measured")
    assert fact is not None
    assert fact["hypothesis"] == "h1"


def test_a_resumed_lane_goes_on_with_what_it_began(tmp_path: Path) -> None:
    run = timed(tmp_path, 1000.0)
    begin("h1", at(), run)
    run.steps.budget.caps = run.settings.caps.model_copy(update={"seconds": 0.001})
    assert begin("h1", at(), run) == ""
    assert len(run.ledger.events("pace")) == 1


@pytest.mark.parametrize(
    ("settings", "state", "said"),
    [
        ({"loop": {"hypotheses": 1}}, {}, "1 hypothesis tested"),
        ({"loop": {"attempts": 3}}, {"fruitless": 3}, "3 proposals in a row came to nothing new"),
        ({"loop": {"plateau": 2}}, {}, "plateau: 2 hypotheses in a row without support"),
    ],
)
def test_what_was_asked_for_ends_it(tmp_path: Path, settings: Any, state: Any, said: str) -> None:
    run = run_in(tmp_path, **settings)
    run.mind = lambda role: Thinks(None, None)  # type: ignore[assignment, return-value]
    for id in ("worse", "bad"):
        carried_out(run, id, {"better": -0.1})
        judged(run, id)
    run.quota.keep(0, "worse")
    assert begin("h3", at(**state), run) == said
