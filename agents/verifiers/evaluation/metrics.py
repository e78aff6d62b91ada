"""Figures of a verifier on labelled steps, at one threshold, with bootstrap intervals over problems.

A figure is a function of counts that are summed over problems: four per problem. So a resample of problems is one
product of matrices. A step whose score is below the threshold is judged wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.verifiers.evaluation.problems import Labelled

RESAMPLES = 2_000
CONFIDENCE = 0.95
MOST_THRESHOLDS = 200
DEFAULT_THRESHOLD = 0.5
Counts = tuple[float, float, float, float]
Array = NDArray[np.float64]


class Scored(NamedTuple):
    """`scores` is empty where the verifier could not score the problem."""

    labelled: Labelled
    scores: Sequence[float]


class Measure(NamedTuple):
    """`tally` gives a problem's counts at a threshold; `figures` maps sums, (..., 4), to named figures, NaN where
    undefined; `headline` is the figure for which a threshold is tuned."""

    tally: Callable[[Scored, float], Counts]
    figures: Callable[[Array], Mapping[str, Array]]
    headline: str


class Figure(NamedTuple):
    value: float
    low: float
    high: float


def first_error(scores: Sequence[float], threshold: float) -> int:
    """Return the place of the first step judged wrong, -1 if none is."""
    return next((place for place, score in enumerate(scores) if score < threshold), -1)


def _count_first_errors(scored: Scored, threshold: float) -> Counts:
    """(hit, problems) of the erroneous ones, (hit, problems) of the correct ones. No scores are no hit."""
    label = scored.labelled.wrong[0] if scored.labelled.wrong else -1
    hit = float(bool(scored.scores) and first_error(scored.scores, threshold) == label)
    return (hit, 1.0, 0.0, 0.0) if label >= 0 else (0.0, 0.0, hit, 1.0)


def _processbench_figures(sums: Array) -> Mapping[str, Array]:
    """ProcessBench (arXiv 2412.06559): accuracy on erroneous and on correct samples, and their harmonic mean."""
    wrong, right = _divide(sums[..., 0], sums[..., 1]), _divide(sums[..., 2], sums[..., 3])
    f1 = np.where(wrong + right == 0, 0.0, _divide(2 * wrong * right, wrong + right))
    return {"accuracy on erroneous": wrong, "accuracy on correct": right, "F1": f1}


def _count_steps(scored: Scored, threshold: float) -> Counts:
    """(right judged right, wrong judged right, wrong judged wrong, right judged wrong)."""
    counts = [0.0, 0.0, 0.0, 0.0]
    for place, score in enumerate(scored.scores):
        is_wrong, judged_wrong = place in scored.labelled.wrong, score < threshold
        counts[2 * judged_wrong + (is_wrong != judged_wrong)] += 1
    return counts[0], counts[1], counts[2], counts[3]


def _prmbench_figures(sums: Array) -> Mapping[str, Array]:
    """PRMBench (arXiv 2501.03124): F1 on right and on wrong steps; PRMScore is half of each."""
    right_right, wrong_right, wrong_wrong, right_wrong = (sums[..., place] for place in range(4))
    f1 = _divide(2 * right_right, 2 * right_right + wrong_right + right_wrong)
    negative = _divide(2 * wrong_wrong, 2 * wrong_wrong + right_wrong + wrong_right)
    return {"F1 on right steps": f1, "F1 on wrong steps": negative, "PRMScore": 0.5 * f1 + 0.5 * negative}


PROCESSBENCH = Measure(_count_first_errors, _processbench_figures, "F1")
PRMBENCH = Measure(_count_steps, _prmbench_figures, "PRMScore")


def compute_figures(measure: Measure, scored: Sequence[Scored], threshold: float) -> dict[str, float]:
    """Return the figures at `threshold`, NaN where undefined."""
    sums = _counts(measure, scored, threshold).sum(axis=0)
    return {name: float(value) for name, value in measure.figures(sums).items()}


def bootstrap(measure: Measure, scored: Sequence[Scored], threshold: float, seed: int) -> dict[str, Figure]:
    """Return the figures with percentile intervals over resampled problems."""
    values, counts = compute_figures(measure, scored, threshold), _counts(measure, scored, threshold)
    picks = np.random.default_rng(seed).integers(len(scored), size=(RESAMPLES, len(scored)))
    weights = np.apply_along_axis(np.bincount, 1, picks, minlength=len(scored))
    resampled = measure.figures(weights.astype(np.float64) @ counts)
    return {name: Figure(value, *_interval(resampled[name])) for name, value in values.items()}


def tune_threshold(measure: Measure, scored: Sequence[Scored]) -> float | None:
    """Return the threshold with the largest headline on `scored`, of equals the one nearest to 0.5; None where the
    headline is undefined."""
    found = [(compute_figures(measure, scored, each)[measure.headline], each) for each in _thresholds(scored)]
    defined = [(figure, threshold) for figure, threshold in found if not np.isnan(figure)]
    best = max(defined, key=lambda each: (each[0], -abs(each[1] - DEFAULT_THRESHOLD)), default=None)
    return best[1] if best else None


def _thresholds(scored: Sequence[Scored]) -> list[float]:
    """Midpoints between neighbouring scores, at most `MOST_THRESHOLDS`, and one that judges no step wrong."""
    values = np.unique([score for each in scored for score in each.scores])
    middles = (values[1:] + values[:-1]) / 2
    if len(middles) > MOST_THRESHOLDS:
        middles = np.quantile(middles, np.linspace(0, 1, MOST_THRESHOLDS), method="nearest")
    return [0.0, DEFAULT_THRESHOLD, *map(float, np.unique(middles))]


def _counts(measure: Measure, scored: Sequence[Scored], threshold: float) -> Array:
    """(problems, 4)"""
    return np.array([measure.tally(each, threshold) for each in scored], dtype=np.float64).reshape(-1, 4)


def _interval(values: Array) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def _divide(above: Array, below: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below, dtype=np.float64)
