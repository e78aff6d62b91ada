"""Real SIGKILLs on a whole run: whenever it dies, `resume` ends with the ledger of the run that was left alone.

The kill moments are drawn anew each time (the seed is printed); the write boundaries are walked in the slow suite.
"""

from __future__ import annotations

import random
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.agents.crash import (
    count_calls,
    count_rows,
    list_finished,
    read_events,
    read_facts,
    start_child,
    wait_for_end,
)

KILLS = 10


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The uninterrupted run: its project and the rows of its ledger."""
    project = tmp_path_factory.mktemp("alone")
    assert wait_for_end(start_child(project)) == 0
    return project, len(read_events(project))


def test_two_runs_left_alone_have_the_same_facts(alone: Any, tmp_path: Path) -> None:
    wait_for_end(start_child(tmp_path))
    assert read_facts(tmp_path) == read_facts(alone[0])
    assert max(count_calls(tmp_path).values()) == 1


def test_killed_at_random_moments_it_ends_the_same(alone: Any, tmp_path: Path) -> None:
    """A moment is a row of the ledger and a little more, so that it doesn't depend on the machine's speed."""
    whole, rows = alone
    seed = random.randrange(10**6)
    moments = [random.Random(f"{seed} {number}").uniform(0, 0.95 * rows) for number in range(KILLS)]

    def trial(number: int) -> int | None:
        project = tmp_path / str(number)
        process = start_child(project)
        while count_rows(project) < moments[number] and wait_for_end(process, 0.002) is None:
            pass
        wait_for_end(process, 0.05 * (moments[number] % 1))
        process.kill()
        code = wait_for_end(process)
        _check_resumed(whole, project, f"seed {seed}, kill {number} after {moments[number]:.2f} rows")
        return code

    with ThreadPoolExecutor(4) as pool:
        exits = list(pool.map(trial, range(KILLS)))
    assert exits.count(-signal.SIGKILL) >= KILLS // 2, f"seed {seed}: too few died on the way"


def test_killed_again_and_again_it_ends_the_same(alone: Any, tmp_path: Path) -> None:
    """Some lives in one run: each makes a few rows of progress and dies right after a row."""
    whole, _ = alone
    rows, step = len(read_events(whole)), max(1, len(read_events(whole)) // KILLS)
    for last in range(step, rows, step):
        before, sent = list_finished(tmp_path), count_calls(tmp_path)
        assert wait_for_end(start_child(tmp_path, die_after=last)) == -signal.SIGKILL
        assert not {name for name in before if count_calls(tmp_path)[name] != sent[name]}
    _check_resumed(whole, tmp_path, f"a kill every {step} rows")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_every_write_boundary_it_ends_the_same(alone: Any, tmp_path: Path) -> None:
    whole, _ = alone

    def trial(row: int) -> None:
        project = tmp_path / str(row)
        assert wait_for_end(start_child(project, die_after=row, lag=0)) == -signal.SIGKILL, row
        _check_resumed(whole, project, f"killed after row {row}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(trial, range(1, len(read_events(whole)))))


def _check_resumed(whole: Path, project: Path, when: str) -> None:
    """Finished work is never done again; the facts are the whole run's."""
    done, sent = list_finished(project), count_calls(project)
    assert wait_for_end(start_child(project)) == 0, when
    assert not {name for name in done if count_calls(project)[name] != sent[name]}, when
    ours, theirs = read_facts(project), read_facts(whole)
    assert set(ours) == set(theirs), when
    assert {key for key in ours if ours[key] != theirs[key]} == set(), when
