"""From raw step scores to one number per plan. Raw scores are stored, so any of these can be replayed later.

Min is GenPRM's choice for best-of-N (arXiv 2504.00891); last and mean are the two others that compute-optimal
test-time scaling compares (arXiv 2502.06703).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

Aggregate = Callable[[Sequence[float]], float]


def minimum(scores: Sequence[float]) -> float:
    return min(scores, default=0.0)


def last(scores: Sequence[float]) -> float:
    return scores[-1] if scores else 0.0


def mean(scores: Sequence[float]) -> float:
    return fmean(scores) if scores else 0.0
