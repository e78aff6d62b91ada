"""First errors, F1 as in ProcessBench, best-of-N, and intervals by bootstrap over problems."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from agents.verifiers.select import by_majority, by_max, by_vote

RESAMPLES = 2000


class Interval(NamedTuple):
    """A mean over problems and its 95 % interval."""

    mean: float
    low: float
    high: float


class Judged(NamedTuple):
    """A solution of the localisation set. `problem` groups what is resampled together; `error` is the place of the first
    wrong step, -1 where there is none; `found` what the verifier says."""

    problem: int
    error: int
    found: int


def bootstrap(values: Sequence[float]) -> Interval:
    """Mean of one value per problem; differences of two arms on the same problems make it paired."""
    array = np.asarray(values, dtype=float)
    means = array[np.random.default_rng(0).integers(len(array), size=(RESAMPLES, len(array)))].mean(1)
    return Interval(float(array.mean()), *(float(bound) for bound in np.quantile(means, (0.025, 0.975))))


def subtract(ours: Sequence[float], others: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(ours, others, strict=True)]


def find_first_error(scores: Sequence[float], threshold: float) -> int:
    """The place of the first step below the threshold, -1 where there is none."""
    return next((place for place, score in enumerate(scores) if score < threshold), -1)


def f1(judged: Sequence[Judged]) -> float:
    """ProcessBench's: the harmonic mean of the accuracies on erroneous and on right solutions; 0 without one of them."""
    wrong = [one.found == one.error for one in judged if one.error >= 0]
    right = [one.found == one.error for one in judged if one.error < 0]
    if not any(wrong) or not any(right):
        return 0.0
    a, b = sum(wrong) / len(wrong), sum(right) / len(right)
    return 2 * a * b / (a + b)


def bootstrap_f1(judged: Sequence[Judged], other: Sequence[Judged] = ()) -> Interval:
    """F1, or with `other` the paired difference of two F1 on the same solutions, resampled by problem."""
    rows = _count_hits(judged)
    counts = [rows] + ([_count_hits(other)] if other else [])
    picks = np.random.default_rng(0).integers(len(rows), size=(RESAMPLES, len(rows)))
    resampled = [_f1_of_counts(table[picks].sum(1)) for table in counts]
    whole = [_f1_of_counts(table.sum(0)[None])[0] for table in counts]
    spread = resampled[0] - resampled[1] if other else resampled[0]
    mean = whole[0] - whole[1] if other else whole[0]
    return Interval(float(mean), *(float(bound) for bound in np.quantile(spread, (0.025, 0.975))))


def bootstrap_first_error(judged: Sequence[Judged]) -> Interval:
    """The share of erroneous solutions whose first error is found, resampled by problem; 0 without an erroneous one."""
    rows = _count_hits(judged)[:, :2]
    counts = rows[np.random.default_rng(0).integers(len(rows), size=(RESAMPLES, len(rows)))].sum(1)
    shares = counts[:, 0] / np.maximum(counts[:, 1], 1)
    mean = rows[:, 0].sum() / max(rows[:, 1].sum(), 1)
    return Interval(float(mean), *(float(bound) for bound in np.quantile(shares, (0.025, 0.975))))


def fit_threshold(scores: Sequence[Sequence[float]], errors: Sequence[int]) -> float:
    """The threshold with the best F1; of equals the middle one. 0.5 without scores."""
    grid = np.unique(np.quantile([score for row in scores for score in row] or [0.5], np.linspace(0, 1, 200)))
    results = [
        f1([Judged(0, error, find_first_error(row, cut)) for row, error in zip(scores, errors, strict=True)])
        for cut in grid
    ]
    best = [cut for cut, result in zip(grid, results, strict=True) if result == max(results)]
    return float(best[len(best) // 2])


Select = Callable[[Sequence[Hashable], Sequence[float]], Hashable]
SELECTIONS: dict[str, Select] = {
    "majority": lambda answers, scores: by_majority(answers),
    "max": by_max,
    "vote": by_vote,
}


def pick_right(
    answers: Sequence[Sequence[Hashable]],
    scores: Sequence[Sequence[float]],
    truths: Sequence[Hashable],
    n: int,
    selection: str,
) -> list[float]:
    """For each problem 1 if the selected answer of its first `n` solutions is right, 0 else."""
    select = SELECTIONS[selection]
    return [
        float(select(of_problem[:n], weights[:n]) == truth)
        for of_problem, weights, truth in zip(answers, scores, truths, strict=True)
    ]


def _count_hits(judged: Sequence[Judged]) -> np.ndarray:
    """(problems, 4): hits and solutions, of erroneous and of right ones."""
    places = {problem: row for row, problem in enumerate(dict.fromkeys(one.problem for one in judged))}
    table = np.zeros((len(places), 4))
    for one in judged:
        column = 0 if one.error >= 0 else 2
        table[places[one.problem], column] += one.found == one.error
        table[places[one.problem], column + 1] += 1
    return table


def _f1_of_counts(counts: np.ndarray) -> np.ndarray:
    wrong = counts[:, 0] / np.maximum(counts[:, 1], 1)
    right = counts[:, 2] / np.maximum(counts[:, 3], 1)
    return np.asarray(2 * wrong * right / np.maximum(wrong + right, 1e-12))
