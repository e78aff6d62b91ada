"""Ranks sets by whether their members differ more than the other features do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np


def compare_with_rest(
    statistics: Mapping[str, float], sets: Mapping[str, Sequence[str]], up: np.ndarray
) -> list[float]:
    """Return per set the one-sided p of the Mann-Whitney test that its members' statistics lie beyond all others', in
    the set's own direction (`up`: per set, whether that is up). NaN where a side is empty.

    It takes features as independent: it ranks sets and proves nothing about samples.
    """
    import numpy as np
    from scipy.stats import mannwhitneyu

    known = {name: value for name, value in statistics.items() if np.isfinite(value)}
    found = []
    for members, rises in zip(sets.values(), up, strict=True):
        inside = [known[name] for name in members if name in known]
        outside = [value for name, value in known.items() if name not in set(members)]
        side = "greater" if rises else "less"
        found.append(float(mannwhitneyu(inside, outside, alternative=side).pvalue) if inside and outside else np.nan)
    return found
