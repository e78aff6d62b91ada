"""Computes nDCG of a ranking, and Wilson's interval of a share."""

from __future__ import annotations

import math
from collections.abc import Sequence


def compute_ndcg(grades: Sequence[int], ideal: Sequence[int], at: int = 20) -> float:
    """Return the normalised discounted cumulative gain with gain 2**grade - 1 (Burges et al. 2005); `ideal` is every grade."""
    best = _compute_dcg(sorted(ideal, reverse=True), at)
    return _compute_dcg(grades, at) / best if best else 0.0


def _compute_dcg(grades: Sequence[int], at: int) -> float:
    return sum((2**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades[:at], start=1))


def wilson_interval(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Return the interval of a share at 95 per cent (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
