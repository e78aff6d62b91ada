"""A whole run whose machinery fails now and then: the same facts and verdicts as if it had been left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.setup.create import create
from pelagos.errors import SandboxError
from pelagos.facts.drive import Ending
from pelagos.nouns import Experiment, OutcomeKind
from tests.agents.crash import locate_run, read_events, read_facts
from tests.agents.scripted import ScriptedAssembly, make_short_settings
from tests.toolchains import table

tell, execute_program = table._told, table._executed
STARTS = 40  # more than there are in the run


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxError, "waits", (0.0, 0.0))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("alone")
    assert drive_run(project).status == "finished"
    return project


def drive_run(project: Path) -> Ending:
    settings = make_short_settings()
    run = locate_run(project)
    if not run.exists():
        create(project, str(table.write_task(project / "table")), settings, run, ScriptedAssembly())
    return drive(run, assembly=ScriptedAssembly())


def read_results(project: Path) -> dict[tuple[str, str], Any]:
    """The facts, without attempts and how the drives ended."""
    return {name: fact for name, fact in read_facts(project).items() if not name[0].endswith((".attempt", "run.ended"))}


def read_attempts(project: Path) -> list[Any]:
    return [event.payload for event in read_events(project) if event.kind.endswith(".attempt")]


def make_failing(fails: Callable[[str, int, int], bool]) -> Callable[[str], None]:
    """`fails(key, start of this key, start of all)`, from 1."""
    seen: Counter[str] = Counter()

    def start(key: str) -> None:
        seen[key] += 1
        if fails(key, seen[key], seen.total()):
            raise SandboxError("the sandbox can't start: Resource temporarily unavailable")
        tell(key)

    return start


@pytest.mark.parametrize("times", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_every_start_fails_at_first(times: int, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_told", make_failing(lambda key, own, all: own <= times))
    assert drive_run(tmp_path).status == "finished"
    assert read_results(tmp_path) == read_results(alone)
    kinds = Counter(event.kind for event in read_events(tmp_path))
    assert kinds["experiment.attempt"] == times * kinds["experiment"]
    assert kinds["control.attempt"] == times * kinds["control"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(1, STARTS))
def test_one_start_fails_once(moment: int, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_told", make_failing(lambda key, own, all: all == moment))
    assert drive_run(tmp_path).status == "finished"
    assert read_results(tmp_path) == read_results(alone)
    assert len(read_attempts(tmp_path)) <= 1


def make_killed(kills: Callable[[str, int], bool]) -> Callable[..., Experiment]:
    seen: Counter[str] = Counter()

    def execute(key: str, *args: Any) -> Experiment:
        seen[key] += 1
        experiment = execute_program(key, *args)
        if not kills(key, seen[key]):
            return experiment
        killed = {"outcome": OutcomeKind.KILLED, "cause": "killed by SIGKILL", "score": None, "replicates": ""}
        return experiment.model_copy(update=killed)

    return execute


def test_every_seed_is_killed_once(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_executed", make_killed(lambda key, own: own == 1))
    assert drive_run(tmp_path).status == "finished"
    assert read_results(tmp_path) == read_results(alone)
    assert len(read_attempts(tmp_path)) > 10


def test_a_fault_that_stays_ends_the_run_and_resume_goes_on(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in (2, 5, 5):
        with monkeypatch.context() as patched:
            patched.setattr(table, "_told", make_failing(lambda key, own, all, first=first: all > first))
            ending = drive_run(tmp_path)
        assert (ending.status, ending.exit_code) == ("failed", 5)
        assert "\n" not in ending.reason
        assert "the sandbox failed 3 times in a row" in ending.reason
        assert read_results(tmp_path).items() <= read_results(alone).items(), "nothing is recorded as anybody's failure"
    assert drive_run(tmp_path).status == "finished"
    assert read_results(tmp_path) == read_results(alone)


def test_a_program_that_always_kills_itself_is_recorded_as_that(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiments = [e.payload for e in read_events(alone) if e.kind == "experiment"]
    winner = next(experiment["id"] for experiment in experiments if experiment["hypothesis"] == "h1")
    monkeypatch.setattr(table, "_executed", make_killed(lambda key, own: key == winner))
    assert drive_run(tmp_path).status == "finished"
    fact = next(e.payload for e in read_events(tmp_path) if e.kind == "experiment" and e.key == winner)
    assert (fact["outcome"], len(read_attempts(tmp_path))) == ("killed", 3)
    verdicts = {e.payload["hypothesis"]: e.payload["kind"] for e in read_events(tmp_path) if e.kind == "verdict"}
    assert verdicts["h1"] != "supported", "who kills itself gains nothing"
