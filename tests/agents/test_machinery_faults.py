"""A whole run whose machinery fails now and then: the same facts and verdicts as if it had been left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.launch import Ending, create, drive
from pelagos.errors import SandboxError
from pelagos.nouns import Experiment, OutcomeKind
from tests.agents.crash import events, facts, run_of
from tests.agents.scripted import ScriptedParts, brief
from tests.toolchains import table

told, executed = table._told, table._executed
STARTS = 40  # more than there are in the run


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxError, "waits", (0.0, 0.0))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("alone")
    assert driven(project).status == "finished"
    return project


def driven(project: Path) -> Ending:
    settings = brief()
    run = run_of(project)
    if not run.exists():
        create(project, str(table.write_task(project / "table")), settings, run, ScriptedParts())
    return drive(run, parts=ScriptedParts())


def results(project: Path) -> dict[tuple[str, str], Any]:
    """The facts, without attempts and how the drives ended."""
    return {name: fact for name, fact in facts(project).items() if not name[0].endswith((".attempt", "run.ended"))}


def attempts(project: Path) -> list[Any]:
    return [event.payload for event in events(project) if event.kind.endswith(".attempt")]


def failing(fails: Callable[[str, int, int], bool]) -> Callable[[str], None]:
    """`fails(key, start of this key, start of all)`, from 1."""
    seen: Counter[str] = Counter()

    def start(key: str) -> None:
        seen[key] += 1
        if fails(key, seen[key], seen.total()):
            raise SandboxError("the sandbox can't start: Resource temporarily unavailable")
        told(key)

    return start


@pytest.mark.parametrize("times", [1, 2])
def test_every_start_fails_at_first(times: int, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_told", failing(lambda key, own, all: own <= times))
    assert driven(tmp_path).status == "finished"
    assert results(tmp_path) == results(alone)
    kinds = Counter(event.kind for event in events(tmp_path))
    assert kinds["experiment.attempt"] == times * kinds["experiment"]
    assert kinds["control.attempt"] == times * kinds["control"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(1, STARTS))
def test_one_start_fails_once(moment: int, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_told", failing(lambda key, own, all: all == moment))
    assert driven(tmp_path).status == "finished"
    assert results(tmp_path) == results(alone)
    assert len(attempts(tmp_path)) <= 1


def killed(kills: Callable[[str, int], bool]) -> Callable[..., Experiment]:
    seen: Counter[str] = Counter()

    def execute(key: str, *more: Any) -> Experiment:
        seen[key] += 1
        done = executed(key, *more)
        if not kills(key, seen[key]):
            return done
        gone = {"outcome": OutcomeKind.KILLED, "cause": "killed by SIGKILL", "score": None, "replicates": ""}
        return done.model_copy(update=gone)

    return execute


def test_every_seed_is_killed_once(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_executed", killed(lambda key, own: own == 1))
    assert driven(tmp_path).status == "finished"
    assert results(tmp_path) == results(alone)
    assert len(attempts(tmp_path)) > 10


def test_a_fault_that_stays_ends_the_run_and_resume_goes_on(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in (2, 5, 5):
        with monkeypatch.context() as patched:
            patched.setattr(table, "_told", failing(lambda key, own, all, first=first: all > first))
            ending = driven(tmp_path)
        assert (ending.status, ending.exit_code) == ("failed", 5)
        assert "\n" not in ending.reason
        assert "the sandbox failed 3 times in a row" in ending.reason
        assert results(tmp_path).items() <= results(alone).items(), "nothing is recorded as anybody's failure"
    assert driven(tmp_path).status == "finished"
    assert results(tmp_path) == results(alone)


def test_a_program_that_always_kills_itself_is_recorded_as_that(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [e.payload for e in events(alone) if e.kind == "experiment"]
    winner = next(one["id"] for one in found if one["hypothesis"] == "h1")
    monkeypatch.setattr(table, "_executed", killed(lambda key, own: key == winner))
    assert driven(tmp_path).status == "finished"
    fact = next(e.payload for e in events(tmp_path) if e.kind == "experiment" and e.key == winner)
    assert (fact["outcome"], len(attempts(tmp_path))) == ("killed", 3)
    verdicts = {e.payload["hypothesis"]: e.payload["kind"] for e in events(tmp_path) if e.kind == "verdict"}
    assert verdicts["h1"] != "supported", "who kills itself gains nothing"
