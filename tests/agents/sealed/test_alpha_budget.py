from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.sealed.alpha_budget import MIN_LEVEL, SPENT, AlphaBudget
from memory.files.project_folder import project_folder


@pytest.fixture
def budget(tmp_path: Path) -> AlphaBudget:
    return AlphaBudget(tmp_path, "data1")


def reserve(budget: AlphaBudget, version: str, run: str = "run1") -> tuple[float, float]:
    return budget.reserve(run, version, 0.1, 0.5)


def test_each_test_spends_half_of_what_is_left_and_a_claim_that_holds_gives_it_back(budget: AlphaBudget) -> None:
    assert reserve(budget, "a") == (0.05, 0.05)
    assert reserve(budget, "b") == (0.025, 0.025)  # another lane, while the first is tested
    budget.settle("run1", "a", True)
    assert budget.find_left(0.1) == pytest.approx(0.075)
    budget.settle("run1", "b", False)
    assert reserve(budget, "c") == pytest.approx((0.0375, 0.0375))


def test_a_test_that_is_asked_for_again_has_the_same_level(budget: AlphaBudget) -> None:
    first = reserve(budget, "a")
    reserve(budget, "b")
    assert reserve(budget, "a") == first
    assert budget.reserve("run1", "a", 0.9, 0.9) == first
    assert budget.find_left(0.1) == pytest.approx(0.025)


def test_the_level_is_one_for_all_runs_on_the_same_data_and_is_fixed_by_the_first_test(budget: AlphaBudget) -> None:
    reserve(budget, "a")
    assert budget.reserve("run2", "a", 0.5, 0.5).level == 0.025
    assert budget.find_left(0.5) == pytest.approx(0.025)


def test_other_data_have_a_level_of_their_own(tmp_path: Path, budget: AlphaBudget) -> None:
    reserve(budget, "a")
    other = AlphaBudget(tmp_path, "data2")
    assert other.reserve("run1", "a", 0.1, 0.5).level == 0.05
    assert other.count_touches() == 0


def test_spent_data_are_tested_no_more_and_nothing_is_recorded_of_it(budget: AlphaBudget) -> None:
    levels = [reserve(budget, str(n))[0] for n in range(10)]
    assert levels[:6] == pytest.approx([0.05 / 2**n for n in range(6)])
    assert levels[6:] == [0.0] * 4
    assert 0 < budget.find_left(0.1) < 2 * MIN_LEVEL
    budget.settle("run1", "0", True)
    assert reserve(budget, "late")[0] > 0.02


def test_tests_of_other_data_and_claims_that_hold_are_not_spent(tmp_path: Path, budget: AlphaBudget) -> None:
    other = AlphaBudget(tmp_path, "data2")
    for version, held in (("a", True), ("b", False), ("c", True)):
        reserve(budget, version)
        other.reserve("run1", version, 0.2, 0.1)
        budget.settle("run1", version, held)
    assert budget.find_left(0.1) == pytest.approx(0.1 - 0.5 * 0.1)  # b's level: all of alpha was left again
    assert other.find_left(0.2) == pytest.approx(0.2 * 0.9**3)


def test_what_is_spent_is_found_by_indexes(tmp_path: Path, budget: AlphaBudget) -> None:
    reserve(budget, "a")
    with closing(sqlite3.connect(project_folder(tmp_path) / "seal.db")) as raw:
        plan = " ".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {SPENT}", ("data1",)))
    assert "SEARCH test USING INDEX kinds (kind=?)" in plan
    assert "SEARCH settled USING INDEX facts (kind=? AND key=?)" in plan


@settings(max_examples=10)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.99)), min_size=2, max_size=5))
def test_levels_of_claims_that_failed_never_sum_to_more_than_alpha(
    tmp_path_factory: pytest.TempPathFactory, tests: list[tuple[bool, float]]
) -> None:
    budget, failed = AlphaBudget(tmp_path_factory.mktemp("seal"), "data"), 0.0
    for index, (holds, share) in enumerate(tests):
        level = budget.reserve("run", str(index), 0.1, share).level
        assert failed + level <= 0.1 + 1e-12
        if level:
            budget.settle("run", str(index), holds)
            failed += 0.0 if holds else level


def test_touches_are_counted_once_each_and_before_they_are_made(tmp_path: Path, budget: AlphaBudget) -> None:
    budget.touch("run1", "v", [8, 9])
    budget.touch("run1", "v", [8, 9])
    assert budget.count_touches() == 2
    budget.touch("run2", "v", [8])
    budget.touch("run1", "v", [8], "reproduced at 17")
    assert AlphaBudget(tmp_path, "data1").count_touches() == 4


def _reserve(project: Path, run: str) -> float:
    return AlphaBudget(project, "data1").reserve(run, "v", 0.1, 0.5).level


def test_two_runs_at_the_same_time_share_one_level(tmp_path: Path, budget: AlphaBudget) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        levels = pool.starmap(_reserve, [(tmp_path, f"run{n}") for n in range(2)])
    assert sorted(levels, reverse=True) == pytest.approx([0.05, 0.025])
