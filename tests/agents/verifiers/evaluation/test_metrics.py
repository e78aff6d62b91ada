"""Figures by hand tables; thresholds and intervals by their properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verifiers.evaluation.metrics import (
    PRMBENCH,
    PROCESSBENCH,
    Scored,
    bootstrap,
    compute_figures,
    first_error,
    tune_threshold,
)
from agents.verifiers.evaluation.problems import Labelled
from agents.verifiers.protocol import Solution


def scored(wrong: tuple[int, ...], *scores: float) -> Scored:
    return Scored(Labelled("x", Solution("P", ("s",) * len(scores)), wrong), scores)


HAND = [
    scored((1,), 0.9, 0.2, 0.8),  # hit
    scored((1,), 0.4, 0.2, 0.8),  # too early
    scored((2,), 0.9, 0.8, 0.7),  # missed
    scored((0,), 0.1, 0.9),  # hit
    scored((), 0.9, 0.6),  # hit
    scored((), 0.9, 0.3),  # false alarm
    scored((), 0.8),  # hit
]


def test_the_first_step_below_the_threshold_is_the_error() -> None:
    assert first_error([0.9, 0.5, 0.2], 0.5) == 2
    assert first_error([0.9, 0.5, 0.2], 0.51) == 1
    assert first_error([0.9, 0.5], 0.5) == -1


def test_processbench_by_hand() -> None:
    figures = compute_figures(PROCESSBENCH, HAND, 0.5)
    wrong, right = 2 / 4, 2 / 3
    assert figures == pytest.approx(
        {"accuracy on erroneous": wrong, "accuracy on correct": right, "F1": 2 * wrong * right / (wrong + right)}
    )


def test_a_problem_without_scores_is_no_hit() -> None:
    figures = compute_figures(PROCESSBENCH, [*HAND, scored(())], 0.5)
    assert figures["accuracy on correct"] == pytest.approx(2 / 4)


def test_no_hit_at_all_is_zero_and_no_problem_of_a_sort_is_undefined() -> None:
    assert compute_figures(PROCESSBENCH, [scored((0,), 0.9), scored((), 0.1)], 0.5)["F1"] == 0.0
    assert math.isnan(compute_figures(PROCESSBENCH, [scored((), 0.9)], 0.5)["F1"])


def test_prmbench_by_hand() -> None:
    """Steps: 3 right judged right, 1 right judged wrong, 2 wrong judged wrong, 1 wrong judged right."""
    problems = [scored((1, 2), 0.9, 0.1, 0.8), scored((1,), 0.7, 0.2), scored((), 0.9, 0.3)]
    precision, recall = 3 / 4, 3 / 4
    negative_precision, negative_recall = 2 / 3, 2 / 3
    f1 = 2 * precision * recall / (precision + recall)
    negative = 2 * negative_precision * negative_recall / (negative_precision + negative_recall)
    assert compute_figures(PRMBENCH, problems, 0.5) == pytest.approx(
        {"F1 on right steps": f1, "F1 on wrong steps": negative, "PRMScore": (f1 + negative) / 2}
    )


def test_a_threshold_is_tuned_for_the_headline_and_of_equals_the_middle_one_is_taken() -> None:
    separable = [scored((0,), 0.2, 0.25), scored((), 0.31, 0.4)]
    threshold = tune_threshold(PROCESSBENCH, separable)
    assert threshold is not None
    assert 0.2 < threshold <= 0.31
    assert compute_figures(PROCESSBENCH, separable, threshold)["F1"] == 1.0
    assert tune_threshold(PROCESSBENCH, [scored((0,), 0.2), scored((), 0.8)]) == 0.5
    assert tune_threshold(PROCESSBENCH, [scored((), 0.8)]) is None
    assert tune_threshold(PROCESSBENCH, []) is None


SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=4)
PROBLEMS = st.lists(
    SCORES.flatmap(lambda scores: st.tuples(st.just(scores), st.sets(st.integers(0, len(scores) - 1)))),
    min_size=1,
    max_size=12,
)


@given(PROBLEMS, st.sampled_from([PROCESSBENCH, PRMBENCH]))
def test_no_fixed_threshold_beats_the_tuned_one_on_its_own_data(problems, measure) -> None:  # type: ignore[no-untyped-def]
    data = [scored(tuple(sorted(wrong)), *scores) for scores, wrong in problems]
    threshold = tune_threshold(measure, data)
    if threshold is not None:
        best = compute_figures(measure, data, threshold)[measure.headline]
        for fixed in (0.0, 0.5):
            other = compute_figures(measure, data, fixed)[measure.headline]
            assert math.isnan(other) or other <= best + 1e-12


def test_intervals_hold_the_figure_and_are_the_same_for_one_seed() -> None:
    first, again = bootstrap(PROCESSBENCH, HAND * 5, 0.5, seed=1), bootstrap(PROCESSBENCH, HAND * 5, 0.5, seed=1)
    assert first == again
    for figure in first.values():
        assert figure.low < figure.value < figure.high
    assert first["F1"].value == pytest.approx(compute_figures(PROCESSBENCH, HAND, 0.5)["F1"])
    few, many = bootstrap(PRMBENCH, HAND, 0.5, 0)["PRMScore"], bootstrap(PRMBENCH, HAND * 20, 0.5, 0)["PRMScore"]
    assert many.high - many.low < few.high - few.low
