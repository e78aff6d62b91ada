"""One-sided p-values, e-values, and shares with 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

LEVEL, KAPPA = 0.1, 0.5
DRAWS = 2_000


class Share(NamedTuple):
    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.share:.3f} ({self.low:.3f} to {self.high:.3f})"


def to_one_sided(p: float | None, effect: float | None, direction: str) -> float:
    """The p-value of an effect in a stated direction, from a two-sided one. 1 where nothing was tested."""
    if p is None or effect is None:
        return 1.0
    if direction == "either":
        return p
    agrees = effect > 0 if direction == "up" else effect < 0
    return p / 2 if agrees else 1 - p / 2


def mean_e_value(ps: Sequence[float]) -> float:
    """The mean of POPPER's e-values 0.5 p^-0.5: valid whatever the dependence of the tests."""
    return fmean(KAPPA * max(p, 1e-300) ** (KAPPA - 1) for p in ps)


def is_supported(ps: Sequence[float]) -> bool:
    """All implications hold: the largest p is at most the level (intersection-union)."""
    return max(ps) <= LEVEL


def is_supported_by_e(ps: Sequence[float]) -> bool:
    return mean_e_value(ps) >= 1 / LEVEL


def measure_share(hits: Sequence[bool]) -> Share:
    """A share of independent tries with its exact (Clopper-Pearson) interval."""
    test = binomtest(sum(hits), len(hits)).proportion_ci(0.95, method="exact")
    return Share(sum(hits) / len(hits), float(test.low), float(test.high))


def measure_clustered_share(hits: Sequence[Sequence[bool]]) -> Share:
    """A share of tries in clusters (the permutations of one hypothesis), with an interval by bootstrap over clusters."""
    rates = np.array([fmean(cluster) for cluster in hits])
    draws = np.random.default_rng(0).choice(rates, (DRAWS, len(rates))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Share(float(rates.mean()), float(low), float(high))
