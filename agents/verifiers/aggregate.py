"""Aggregates raw step scores to one number per solution. Raw scores are stored, so each of these can be applied later.

Min is GenPRM's choice for best-of-N (arXiv 2504.00891); last and mean are the two others that compute-optimal
test-time scaling compares (arXiv 2502.06703); product is PRM800K's (arXiv 2305.20050); total is the implicit PRM's sum
of step rewards (arXiv 2412.01981). A solution without steps scores 0: it can't rank above one with steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from agents.verifiers.protocol import StepScores

Aggregate = Callable[[Sequence[float]], float]


def minimum(scores: Sequence[float]) -> float:
    return min(scores, default=0.0)


def last(scores: Sequence[float]) -> float:
    return scores[-1] if scores else 0.0


def mean(scores: Sequence[float]) -> float:
    return fmean(scores) if scores else 0.0


def product(scores: Sequence[float]) -> float:
    return math.prod(scores) if scores else 0.0


def total(scores: Sequence[float]) -> float:
    return math.fsum(scores)


def aggregate_raw(aggregate: Aggregate, raw: StepScores) -> float:
    """Return a solution's number. The sum is that of the step rewards where there are any: sigmoids are all positive,
    so that their sum would grow with every step."""
    return aggregate(raw.rewards if raw.rewards and aggregate is total else raw.scores)


AGGREGATES: Mapping[str, Aggregate] = {"min": minimum, "last": last, "mean": mean, "product": product, "sum": total}
