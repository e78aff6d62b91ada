"""A step that the machinery spoiled is repeated within a bound, and only the program's own result becomes a fact."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import CapReached, Interrupted, RunFailed, SandboxError
from pelagos.facts.fact import Cost
from pelagos.settings import Caps

ONE = Cost(experiments=1)
KILLED = {"outcome": "killed", "cause": "killed by SIGKILL", "hypothesis": "h1", "seed": 3}
OK = {"outcome": "ok", "hypothesis": "h1"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxError, "waits", (0.0, 0.0))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def made(ledger: Ledger, *results: Any, caps: Caps | None = None, stop: threading.Event | None = None) -> Any:
    """One step whose action gives the results one after the other; an exception is raised."""
    given, steps = iter(results), Steps(ledger, Budget(caps or Caps(), ledger), stop)

    def action() -> tuple[dict[str, Any], Cost]:
        result = next(given)
        if isinstance(result, Exception):
            raise result
        return result, ONE

    try:
        return steps, steps.once("experiment", "k", {}, ONE, action)
    finally:
        assert steps.budget.summary().experiments.reserved == 0


def causes(ledger: Ledger) -> list[str]:
    return [event.payload["cause"] for event in ledger.events("experiment.attempt")]


def test_a_fault_is_an_attempt_beside_the_fact_and_costs_nothing(ledger: Ledger) -> None:
    steps, fact = made(ledger, SandboxError("can't start"), SandboxError("can't fork"), OK)
    assert fact == ledger.find("experiment", "k") == {**OK, "cost": ONE._asdict()}
    assert causes(ledger) == ["can't start", "can't fork"]
    assert len(ledger.events("experiment.intent")) == 3
    assert steps.budget.summary().experiments.spent == 1


def test_a_fault_that_stays_stops_the_run_and_the_next_process_tries_again(ledger: Ledger) -> None:
    with pytest.raises(RunFailed, match=r"experiment: the sandbox failed 3 times in a row, .*: can't start") as stopped:
        made(ledger, *[SandboxError("can't start")] * 3)
    assert "\n" not in str(stopped.value)
    assert ledger.find("experiment", "k") is None
    made(ledger, SandboxError("can't start"), OK)
    assert len(causes(ledger)) == 4


def test_a_kill_from_outside_is_an_attempt_that_costs_an_experiment(ledger: Ledger) -> None:
    steps, fact = made(ledger, KILLED, OK)
    assert fact["outcome"] == "ok"
    assert steps.budget.summary().experiments.spent == 2
    assert Budget(Caps(), ledger).summary().experiments.spent == 2, "also after a resume"
    assert ledger.events("experiment.attempt")[0].payload["seed"] == 3


def test_what_is_killed_each_time_is_recorded_as_killed(ledger: Ledger) -> None:
    steps, fact = made(ledger, KILLED, KILLED, KILLED)
    assert ledger.find("experiment", "k") == fact == {**KILLED, "cost": ONE._asdict()}
    assert causes(ledger)[-1] == "killed by SIGKILL, at each of 3 attempts"
    assert steps.budget.summary().experiments.spent == 3
    assert Budget(Caps(), ledger).summary().experiments.spent == 3


def test_the_untouched_program_is_never_recorded_as_killed(ledger: Ledger) -> None:
    with pytest.raises(RunFailed, match="untouched program was stopped 3 times in a row: killed by SIGKILL"):
        made(ledger, *[{**KILLED, "hypothesis": None}] * 3)
    assert ledger.find("experiment", "k") is None


def test_who_kills_itself_can_not_pass_a_cap(ledger: Ledger) -> None:
    with pytest.raises(CapReached, match="experiments"):
        made(ledger, KILLED, KILLED, KILLED, caps=Caps(experiments=2))
    assert ledger.find("experiment", "k") is None


def test_a_programs_own_failure_is_not_tried_again(ledger: Ledger) -> None:
    for outcome in ("error", "timeout", "oom", "pids", "disk", "invalid"):
        own = {"outcome": outcome, "hypothesis": "h1"}
        steps = Steps(ledger, Budget(Caps(), ledger))
        fact = steps.once("experiment", outcome, {}, ONE, lambda own=own: (own, ONE))
        assert fact["outcome"] == outcome
    assert causes(ledger) == []


def test_an_engine_that_is_away_is_waited_for_longer() -> None:
    from sandbox.backends.docker.engine import EngineDied

    assert sum(EngineDied.waits) > 60 * len(SandboxError.waits)


def test_a_stop_ends_the_wait(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxError, "waits", (600.0,))
    stop, began = threading.Event(), time.monotonic()
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Interrupted):
        made(ledger, SandboxError("can't start"), OK, stop=stop)
    assert time.monotonic() - began < 300
    assert causes(ledger) == ["can't start"]


def test_the_result_of_what_is_no_step_is_returned(ledger: Ledger) -> None:
    steps, faults = Steps(ledger, Budget(Caps(), ledger)), [SandboxError("away"), SandboxError("away")]

    def action() -> int:
        if faults:
            raise faults.pop()
        return 7

    assert steps.retry("scoring", "k", action) == 7
    assert [one.payload["cause"] for one in ledger.events("scoring.attempt")] == ["away"] * 2


def test_one_kill_after_other_faults_is_not_yet_the_programs(ledger: Ledger) -> None:
    _, fact = made(ledger, SandboxError("can't start"), SandboxError("can't start"), KILLED, KILLED, OK)
    assert fact["outcome"] == "ok"
