"""Real SIGKILLs on a whole run: whenever it dies, `resume` ends with the ledger of the run that was left alone.

The kill moments are drawn anew each time (the seed is printed); the write boundaries are walked in the slow suite.
"""

from __future__ import annotations

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.agents.crash import calls, end, events, facts, finished, start

KILLS = 10


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The uninterrupted run: its project and its seconds, forking included."""
    project = tmp_path_factory.mktemp("alone")
    end(start(project))  # warms the fork server
    project = tmp_path_factory.mktemp("again")
    began = time.monotonic()
    assert end(start(project)) == 0
    return project, time.monotonic() - began


def test_two_runs_left_alone_have_the_same_facts(alone: Any, tmp_path: Path) -> None:
    end(start(tmp_path))
    assert facts(tmp_path) == facts(alone[0])
    assert max(calls(tmp_path).values()) == 1


def test_killed_at_random_moments_it_ends_the_same(alone: Any, tmp_path: Path) -> None:
    whole, seconds = alone
    seed = random.randrange(10**6)
    moments = [random.Random(f"{seed} {number}").uniform(0, seconds) for number in range(KILLS)]

    def trial(number: int) -> int | None:
        project = tmp_path / str(number)
        process = start(project)
        end(process, moments[number])
        process.kill()
        code = end(process)
        _resumed_as(whole, project, f"seed {seed}, kill {number} after {moments[number]:.3f} s")
        return code

    with ThreadPoolExecutor(4) as pool:
        exits = list(pool.map(trial, range(KILLS)))
    assert exits.count(-signal.SIGKILL) >= KILLS // 2, f"seed {seed}: too few died on the way"


def test_killed_again_and_again_it_ends_the_same(alone: Any, tmp_path: Path) -> None:
    """Ten lives in one run: each makes a few rows of progress and dies right after a row."""
    whole, _ = alone
    rows, step = len(events(whole)), max(1, len(events(whole)) // KILLS)
    for last in range(step, rows, step):
        before, sent = finished(tmp_path), calls(tmp_path)
        assert end(start(tmp_path, die_after=last)) == -signal.SIGKILL
        assert not {name for name in before if calls(tmp_path)[name] != sent[name]}
    _resumed_as(whole, tmp_path, f"a kill every {step} rows")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_every_write_boundary_it_ends_the_same(alone: Any, tmp_path: Path) -> None:
    whole, _ = alone

    def trial(row: int) -> None:
        project = tmp_path / str(row)
        assert end(start(project, die_after=row, lag=0)) == -signal.SIGKILL, row
        _resumed_as(whole, project, f"killed after row {row}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(trial, range(1, len(events(whole)))))


def _resumed_as(whole: Path, project: Path, when: str) -> None:
    """Finished work is never done again; the facts are the whole run's."""
    done, sent = finished(project), calls(project)
    assert end(start(project)) == 0, when
    assert not {name for name in done if calls(project)[name] != sent[name]}, when
    ours, theirs = facts(project), facts(whole)
    assert set(ours) == set(theirs), when
    assert {key for key in ours if ours[key] != theirs[key]} == set(), when
