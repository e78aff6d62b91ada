"""Selects an answer among sampled solutions by their scores (arXiv 2502.06703, section 3.1).

Majority ignores the scores; max takes the best solution's answer; vote sums the scores of each distinct answer; a
calibrated vote sums the log-odds of calibrated scores, the weight that is optimal for independent votes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

Answer = TypeVar("Answer", bound=Hashable)
Calibration = Callable[[float], float]
"""Score of a solution -> probability that the solution is right."""

CLIP = 1e-3  # a calibrated probability of 0 or 1 would outweigh every other vote


def by_majority(answers: Sequence[Answer]) -> Answer:
    """Return the most frequent answer; of equals the first. Raises ValueError without answers."""
    return _heaviest(answers, [1.0] * len(answers))


def by_max(answers: Sequence[Answer], scores: Sequence[float]) -> Answer:
    """Return the answer of the best solution; of equals the first. Raises ValueError without answers."""
    return answers[max(range(len(answers)), key=lambda place: scores[place])]


def by_vote(answers: Sequence[Answer], scores: Sequence[float]) -> Answer:
    """Return the answer with the largest sum of scores; of equals the first. Raises ValueError without answers."""
    return _heaviest(answers, scores)


def by_calibrated_vote(answers: Sequence[Answer], scores: Sequence[float], calibrate: Calibration) -> Answer:
    """Return the answer with the largest sum of log-odds; of equals the first. Raises ValueError without answers."""
    return _heaviest(answers, [_log_odds(calibrate(score)) for score in scores])


def _heaviest(answers: Sequence[Answer], weights: Sequence[float]) -> Answer:
    sums: Mapping[Answer, float] = _sum_by_answer(answers, weights)
    return max(sums, key=lambda answer: sums[answer])


def _sum_by_answer(answers: Sequence[Answer], weights: Sequence[float]) -> dict[Answer, float]:
    """Sums by answer, in the order in which the answers first occur."""
    sums: dict[Answer, float] = defaultdict(float)
    for answer, weight in zip(answers, weights, strict=True):
        sums[answer] += weight
    return dict(sums)


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, CLIP), 1.0 - CLIP)
    return math.log(clipped / (1.0 - clipped))
