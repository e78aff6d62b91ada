from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.plans.metrics import (
    GROUPS,
    RESAMPLES,
    Interval,
    Labelled,
    by_task,
    compare,
    gains_as_measured,
    gains_kept,
    interval,
    pair_hits,
    rank_correlation,
    regrets,
    resample_counts,
    scale_rows,
)

FAILS = -math.inf


def plan(id: str, effect: float, se: float = 0.1, task: str = "t") -> Labelled:
    return Labelled(id, task, id, effect, se)


def test_a_pair_is_two_plans_of_one_task_that_differ_by_more_than_two_combined_standard_errors() -> None:
    plans = [plan("a", 1.0, 0.3), plan("b", 0.0, 0.4), plan("c", -0.01, 0.4), plan("d", 9.0, 0.1, "other")]

    assert compare(plans).pairs.tolist() == [[0, 2]]  # 2 x hypot(0.3, 0.4) = 1: b is not beyond it


def test_a_failing_plan_is_worse_than_any_that_runs_and_no_pair_with_another_that_fails() -> None:
    plans = [plan("a", -50.0, 30.0), plan("b", FAILS, 0.0), plan("c", FAILS, 0.0)]

    assert compare(plans).pairs.tolist() == [[0, 1], [0, 2]]


def test_groups_are_four_different_plans_of_one_task_and_the_same_each_time() -> None:
    plans = [plan(f"{task}{place}", place, task=task) for place in range(6) for task in "xy"]
    groups = compare(plans).groups

    assert groups.shape == (2 * GROUPS, 4)
    assert all(len(set(group)) == 4 and len({plans[place].task for place in group}) == 1 for group in groups.tolist())
    assert (groups == compare(plans).groups).all()


def test_a_task_with_too_few_plans_has_no_groups() -> None:
    assert compare([plan("a", 1.0), plan("b", 2.0), plan("c", 3.0)]).groups.shape == (0, 4)


def test_hits_by_a_hand_table() -> None:
    pairs = np.array([[0, 1], [1, 2], [2, 0]])

    assert pair_hits(np.array([3.0, 1.0, 1.0]), pairs).tolist() == [1.0, 0.5, 0.0]


def test_regrets_by_a_hand_table() -> None:
    gains = np.array([5.0, 2.0, 0.0, -4.0])
    groups = np.array([[0, 1, 2, 3]])

    assert regrets(np.array([0.0, 9.0, 1.0, 1.0]), gains, groups).tolist() == [3.0]
    assert regrets(np.array([9.0, 0.0, 1.0, 1.0]), gains, groups).tolist() == [0.0]
    assert regrets(np.array([0.0, 1.0, 0.0, 1.0]), gains, groups).tolist() == [6.0]  # the mean of 2 and -4 is chosen
    assert regrets(np.zeros(4), gains, groups).tolist() == [5.0 - 0.75]


def test_a_failing_plan_counts_as_the_worst_of_its_task_or_as_nothing_where_the_program_is_kept() -> None:
    plans = [plan("a", 2.0), plan("b", -3.0), plan("c", FAILS), plan("d", -9.0, task="u"), plan("e", FAILS, task="u")]

    assert gains_as_measured(plans).tolist() == [2.0, -3.0, -3.0, -9.0, -9.0]
    assert gains_kept(plans).tolist() == [2.0, 0.0, 0.0, 0.0, 0.0]


def test_each_task_is_resampled_to_its_own_size() -> None:
    plans = [plan(str(place), 0.0, task="x" if place < 3 else "y") for place in range(8)]
    counts = resample_counts(plans)

    assert counts.shape == (RESAMPLES, 8)
    assert (counts[:, by_task(plans)["x"]].sum(axis=1) == 3).all()
    assert (counts[:, by_task(plans)["y"]].sum(axis=1) == 5).all()


def test_a_comparison_counts_as_often_as_its_plans_are_drawn_together() -> None:
    members = np.array([[0, 1], [2, 3]])
    counts = np.array([[1.0, 1, 1, 1], [2, 1, 1, 0], [2, 2, 1, 1], [0, 1, 1, 0]])
    found = interval(np.array([1.0, 0.0]), members, counts)  # means 0.5, 1, 0.8; the last draws no comparison

    assert found.value == 0.5
    assert found.low == pytest.approx(np.quantile([0.5, 1.0, 0.8], 0.025))
    assert found.high == pytest.approx(np.quantile([0.5, 1.0, 0.8], 0.975))


def test_without_comparisons_there_is_no_number() -> None:
    assert math.isnan(interval(np.zeros(0), np.zeros((0, 2), dtype=np.int64), np.ones((3, 2))).value)


def test_an_interval_is_wide_for_few_plans_and_holds_its_value() -> None:
    plans = [plan(str(place), float(place)) for place in range(8)]
    found, scores = compare(plans), np.array([3.0, 1.0, 2.0, 7.0, 0.0, 6.0, 4.0, 5.0])
    hits = interval(pair_hits(scores, found.pairs), found.pairs, resample_counts(plans))

    assert hits.low < hits.value < hits.high
    assert hits.high - hits.low > 0.2


def test_effects_are_told_in_units_of_the_noise_a_row_may_bring_its_own() -> None:
    row = {"id": "a", "task": "t", "steps": ["one", "two"], "effect": 4.0, "se": 1.0}
    rows = [row, {**row, "noise": 4.0}, {**row, "effect": None, "se": None}, {**row, "effect": 0}]

    assert [(one.effect, one.se) for one in scale_rows(rows, {"t": 2.0})] == [
        (2.0, 0.5),
        (1.0, 0.25),
        (FAILS, 0.0),
        (0.0, 0.5),
    ]
    assert scale_rows(rows, {"t": 2.0})[0].text == "one\ntwo"


def test_rank_correlation_takes_failures_as_the_lowest() -> None:
    assert rank_correlation([1.0, 2.0, 3.0], [FAILS, 0.0, 5.0]) == pytest.approx(1.0)
    assert rank_correlation([3.0, 2.0, 1.0], [FAILS, 0.0, 5.0]) == pytest.approx(-1.0)


def test_an_interval_is_told_with_its_ends() -> None:
    assert Interval(0.5, 0.25, 0.75).told("{:.2f}") == "0.50 (0.25 to 0.75)"
