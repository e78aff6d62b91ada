"""Estimates the effect and its standard error over two sources of chance: training seeds and validation items.

The model of one paired difference is mean + seed + item + seed-by-item. Averaged over S seeds and n items its variance
is seed/S + item/n + both/(nS). A test over seeds alone misses item/n (all seeds share the items), a test over items
alone misses seed/S. It doesn't cover dependence among items (time series, patients with several rows) or a validation
set that isn't a sample of what matters.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float64]"

ITEM_DEGREES_OF_FREEDOM = 100.0
SEED_VARIANCE_TAIL = 0.05
NEGLIGIBLE = 1e-9


class Estimate(NamedTuple):
    """`effect` and its standard `error` in the metric's unit; `freedom` are the t distribution's degrees of freedom."""

    effect: float
    error: float
    freedom: float

    @property
    def p_value(self) -> float:
        """One-sided p-value of no effect or a worse one; 1 if no error could be estimated."""
        from scipy.special import stdtr

        return float(stdtr(self.freedom, -self.effect / self.error)) if self.error > 0 else 1.0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided t interval: a point for identical arms, unbounded if no error could be estimated."""
        from scipy.special import stdtrit

        if self.error == 0:
            return (0.0, 0.0) if self.effect == 0 else (-math.inf, math.inf)
        half = float(stdtrit(self.freedom, (1 + confidence) / 2)) * self.error
        return self.effect - half, self.effect + half


def estimate(differences: Floats, resampled: Floats | None, scale: float) -> Estimate:
    """Estimate from oriented paired differences (S,), and from the same on B shared item resamples, (S, B) or None.

    `scale` is the scores' size, below a billionth of which a difference is rounding. Values are divided by the
    greatest one before they are squared, so no score overflows; the effect and its error may be infinite then.

    With va = var(d_s)/S, vb = var_b(mean_s d_sb) and w = the seed-by-item part of vb (from the within-resample
    spread of seeds), the variance is vb + max(0, va - w): never below what either source says alone, and the part
    both see is counted once (two-way clustering: Cameron, Gelbach & Miller 2011, J. Bus. Econ. Stat. 29(2), here
    floored). Freedom by Satterthwaite (1946) with the seed part at its upper 95 % bound, because a seed variance that
    came out small by luck over three seeds must not buy the freedom of the items.
    """
    import numpy as np

    finite_resamples = None if resampled is None else resampled[:, np.isfinite(resampled).all(axis=0)]
    largest = _find_largest(differences, finite_resamples)
    if largest == 0:
        return Estimate(0.0, 0.0, 1.0)
    scaled, seeds = differences / largest, len(differences)
    effect = float(np.mean(scaled))
    seed_variance = float(np.var(scaled, ddof=1)) / seeds if seeds > 1 else 0.0
    item_variance, interaction = (0.0, 0.0) if finite_resamples is None else _item_variances(finite_resamples / largest)
    error, rounding = math.sqrt(item_variance + max(0.0, seed_variance - interaction)), NEGLIGIBLE * (scale / largest)
    if error <= rounding:
        return Estimate(effect * largest if abs(effect) > rounding else 0.0, 0.0, 1.0)
    return Estimate(
        effect * largest, error * largest, _degrees_of_freedom(seeds, seed_variance, item_variance, interaction)
    )


def _find_largest(differences: Floats, resampled: Floats | None) -> float:
    import numpy as np

    parts = (differences,) if resampled is None else (differences, resampled)
    return max(float(np.max(np.abs(part), initial=0.0)) for part in parts)


def _item_variances(resampled: Floats) -> tuple[float, float]:
    """Return the variance across resamples of the mean over seeds, and its seed-by-item part. `resampled` is (S, B)."""
    import numpy as np

    seeds = len(resampled)
    if resampled.shape[1] < 2:
        return 0.0, 0.0
    item_variance = float(np.var(resampled.mean(axis=0), ddof=1))
    if seeds < 2:
        return item_variance, 0.0
    # the mean over seeds of the variance around their mean is the mean variance less the mean's variance
    seed_spread = max(0.0, float(np.var(resampled, axis=1, ddof=1).mean()) - item_variance)
    interaction = seed_spread / (seeds - 1)
    return max(item_variance, interaction), interaction


def _degrees_of_freedom(seeds: int, seed_variance: float, item_variance: float, interaction: float) -> float:
    """Return Satterthwaite's degrees of freedom, between those of the seeds and those of the items."""
    from scipy.special import chdtri

    if seeds < 2 or seed_variance == 0:
        return ITEM_DEGREES_OF_FREEDOM
    bound = seed_variance * (seeds - 1) / float(chdtri(seeds - 1, 1 - SEED_VARIANCE_TAIL))
    excess = max(0.0, bound - interaction)
    total = excess + item_variance
    if total == 0:
        return float(seeds - 1)
    return float(1 / ((excess / total) ** 2 / (seeds - 1) + (item_variance / total) ** 2 / ITEM_DEGREES_OF_FREEDOM))
