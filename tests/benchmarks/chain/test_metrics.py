"""First errors, F1, thresholds and labels by hand tables."""

from __future__ import annotations

import pytest

from benchmarks.chain.metrics import (
    Judged,
    bootstrap,
    bootstrap_f1,
    f1,
    find_first_error,
    fit_threshold,
    pick_right,
)  # fmt: skip
from benchmarks.chain.verifying.labels import guard, ratio_labels
from benchmarks.chain.verifying.verifiers import share_kept


@pytest.mark.parametrize(
    ("scores", "threshold", "place"),
    [([0.9, 0.2, 0.1], 0.5, 1), ([0.9, 0.8], 0.5, -1), ([0.5], 0.5, -1), ([], 0.5, -1)],
)
def test_first_error(scores: list[float], threshold: float, place: int) -> None:
    assert find_first_error(scores, threshold) == place


def test_f1_is_the_harmonic_mean_of_both_accuracies() -> None:
    judged = [
        Judged(0, 1, 1),
        Judged(0, 2, 1),
        Judged(1, -1, -1),
        Judged(1, -1, -1),
        Judged(2, -1, -1),
        Judged(2, -1, 0),
    ]
    assert f1(judged) == pytest.approx(2 * 0.5 * 0.75 / 1.25)
    assert bootstrap_f1(judged).mean == pytest.approx(f1(judged))
    assert f1([Judged(0, 1, 1)]) == 0.0
    assert f1([Judged(0, -1, -1), Judged(0, 1, 0)]) == 0.0


def test_the_paired_difference_of_an_arm_with_itself_is_zero() -> None:
    judged = [Judged(p, p % 3 - 1, -1) for p in range(12)]
    assert bootstrap_f1(judged, judged) == (0.0, 0.0, 0.0)
    better = [one._replace(found=one.error) for one in judged]
    difference = bootstrap_f1(better, judged)
    assert difference.mean == pytest.approx(f1(better) - f1(judged))
    assert difference.low > 0


def test_a_mean_lies_in_its_interval() -> None:
    mean, low, high = bootstrap([0.0, 1.0] * 50)
    assert mean == 0.5
    assert 0.35 < low < 0.45 < 0.55 < high < 0.65


def test_the_threshold_separates_what_can_be_separated() -> None:
    scores, errors = [[0.9, 0.8], [0.9, 0.1], [0.2, 0.9]], [-1, 1, 0]
    cut = fit_threshold(scores, errors)
    assert 0.2 < cut <= 0.8
    assert fit_threshold([], []) == 0.5


def test_selections_by_hand() -> None:
    answers, scores, truths = (
        [["a", "b", "b", "a"], ["c", "d", "d", "d"]],
        [[0.9, 0.5, 0.3, 0.0], [0.9, 0.2, 0.2, 0.2]],
        ["a", "d"],
    )
    assert pick_right(answers, scores, truths, 3, "majority") == [0.0, 1.0]
    assert pick_right(answers, scores, truths, 3, "max") == [1.0, 0.0]
    assert pick_right(answers, scores, truths, 3, "vote") == [1.0, 0.0]
    assert pick_right(answers, scores, truths, 1, "vote") == [1.0, 0.0]


@pytest.mark.parametrize(
    ("values", "guarded", "labels"),
    [
        ([0.5, 0.5, 1.0], [0.5, 0.5, 1.0], [True, True]),
        ([0.5, 0.39, 0.5], [0.5, 0.39, 0.5], [False, True]),
        ([0.5, 0.4], [0.5, 0.4], [True]),
        ([0.5, 0.0, 0.5], [0.5, 0.0, 0.0], [False, False]),
        ([0.0, 1.0], [0.0, 0.0], [False]),
    ],
)
def test_monte_carlo_labels(values: list[float], guarded: list[float], labels: list[bool]) -> None:
    assert guard(values) == guarded
    assert ratio_labels(values) == labels


def test_shares_kept() -> None:
    assert share_kept([0.5, 0.25, 0.5, 0.0, 0.0]) == [0.5, 1.0, 0.0, 0.0]
