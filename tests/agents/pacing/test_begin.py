"""A hypothesis is begun where it was asked for and where it fits into the time that is left; never twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.nodes.ideate import ideate
from agents.pacing.begin import record_first_pace, try_begin
from agents.run import Run
from memory.ledger.ledger import Event
from pelagos.nouns import Hypothesis
from tests.agents.nodes.laboratory import carry_out, judge_all, make_lane, open_run


class RatedModel:
    def __init__(self, *rates: float | None) -> None:
        self.rates = rates


def open_timed_run(folder: Path, seconds: float | None, rates: Any = (30.0, 10.0), experiment_s: float = 2.0) -> Run:
    run = open_run(folder, caps={"seconds": seconds})
    run.role_models = lambda role: RatedModel(*rates)  # type: ignore[assignment, return-value]
    run.pace.experiment_s = experiment_s
    return run


def test_what_fits_is_begun_and_its_pace_is_told(tmp_path: Path) -> None:
    run = open_timed_run(tmp_path, 1000.0)
    assert try_begin("h1", make_lane(), run) == ""
    fact = run.ledger.find("pace", "h1")
    assert fact is not None
    assert (fact["hypothesis"], fact["read_tps"], fact["write_tps"]) == ("h1", 30.0, 10.0)
    assert 100 < fact["hypothesis_s"] < fact["left_s"] < 1000


def test_what_does_not_fit_is_not_begun_and_the_least_that_would_is_said(tmp_path: Path) -> None:
    run = open_timed_run(tmp_path, 130.0)
    reason = try_begin("h1", make_lane(), run)
    assert reason.startswith("no time for one more: a hypothesis takes about 140 s here, ")
    assert "give at least --hours 0.0" in reason
    assert run.ledger.find("pace", "h1") is None


def test_confirm_keeps_its_share(tmp_path: Path) -> None:
    quick, slow = open_timed_run(tmp_path / "a", 300.0), open_timed_run(tmp_path / "b", 300.0, experiment_s=12.0)
    for run in (quick, slow):
        try_begin("h1", make_lane(), run)
    kept = [300.0 - (run.steps.budget.seconds_left() or 0.0) for run in (quick, slow)]
    assert kept[0] < 60 < kept[1] <= 0.43 * 300


def test_without_a_measure_one_is_begun_and_its_pace_is_told_after_the_first_call(tmp_path: Path) -> None:
    run = open_timed_run(tmp_path, 1000.0, rates=(None, None))
    assert try_begin("h1", make_lane(), run) == ""
    record_first_pace("h1", run)
    assert run.ledger.find("pace", "h1/measured") is None
    run.role_models = lambda role: RatedModel(30.0, 10.0)  # type: ignore[assignment, return-value]
    record_first_pace("h1", run)
    fact = run.ledger.find("pace", "h1/measured")
    assert fact is not None
    assert fact["hypothesis"] == "h1"


def test_a_resumed_lane_goes_on_with_what_it_began(tmp_path: Path) -> None:
    run = open_timed_run(tmp_path, 1000.0)
    try_begin("h1", make_lane(), run)
    run.steps.budget.limit_loop(run.settings.caps.model_copy(update={"seconds": 0.001}))
    assert try_begin("h1", make_lane(), run) == ""
    assert len(run.ledger.events("pace")) == 1


@pytest.mark.parametrize(
    ("settings", "state", "reason"),
    [
        ({"loop": {"hypotheses": 1}}, {}, "1 hypothesis tested"),
        ({"loop": {"attempts": 3}}, {"fruitless": 3}, "3 proposals in a row came to nothing new"),
        ({"loop": {"plateau": 2}}, {}, "plateau: 2 hypotheses in a row without support"),
    ],
)
def test_what_was_asked_for_ends_it(tmp_path: Path, settings: Any, state: Any, reason: str) -> None:
    run = open_run(tmp_path, **settings)
    run.role_models = lambda role: RatedModel(None, None)  # type: ignore[assignment, return-value]
    for id in ("worse", "bad"):
        carry_out(run, id, {"better": -0.1})
        judge_all(run, id)
    run.quota.keep(0, "worse")
    assert try_begin("h3", make_lane(**state), run) == reason


def test_the_pace_is_told_though_the_run_is_killed_at_its_first_idea(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_timed_run(tmp_path, 1000.0, rates=(None, None))

    def ask_for_idea(id: str, _number: int, run: Run) -> Hypothesis:
        run.role_models = lambda role: RatedModel(30.0, 10.0)  # type: ignore[assignment, return-value]
        return Hypothesis(id=id, title="An idea", statement="Do it.", rationale="r", refuted_by="no", target="a.py::f")

    def kill_at_hypothesis(event: Event) -> None:
        if event.kind == "hypothesis":
            raise KeyboardInterrupt

    monkeypatch.setattr("agents.nodes.ideate._ask_for_idea", ask_for_idea)
    run.ledger.watch(kill_at_hypothesis)
    with pytest.raises(KeyboardInterrupt):
        ideate(make_lane(), run)
    assert run.ledger.find("pace", "h1/measured") is not None


def test_what_was_begun_has_no_place_twice(tmp_path: Path) -> None:
    """Another lane took the place before its own was entered: it goes on if it has its idea, and ends otherwise."""
    run = open_timed_run(tmp_path, None)
    run.quota.limit = 1
    try_begin("h1", make_lane(), run)
    run.quota.leave(0)
    assert run.quota.take(1, "h2")
    assert try_begin("h1", make_lane(), run) == "1 hypothesis tested"
    run.quota.leave(0)
    carry_out(run, "h1", {"better": 0.1})
    assert try_begin("h1", make_lane(), run) == ""
