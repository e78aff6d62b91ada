"""Scores of feature sets per sample: the mean z-score of the members that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

LEAST_PRESENT = 0.5  # share of samples in which a member must have been measured


def standardise(values: np.ndarray) -> np.ndarray:
    """Z-scores per column over its measured values; columns that are constant or mostly missing become NaN."""
    import numpy as np
    from sklearn.preprocessing import StandardScaler

    usable = (np.isfinite(values).mean(axis=0) >= LEAST_PRESENT) & (np.nanmax(_filled(values), axis=0) > 0)
    scores = np.full(values.shape, np.nan)
    if usable.any():
        scores[:, usable] = StandardScaler().fit_transform(values[:, usable])
    return scores


def score_sets(
    scores: np.ndarray, features: Sequence[str], sets: Mapping[str, list[str]], against_rest: bool = False
) -> np.ndarray:
    """Return samples x sets: the mean of the z-scores of a set's measured members; NaN where none is measured. With
    `against_rest` less the mean of all other features, so that a shift of the whole sample is no score of a set."""
    import numpy as np

    place = {feature: index for index, feature in enumerate(features)}
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0.0)
    sums, counts = filled.sum(axis=1), known.sum(axis=1)
    result = np.full((len(scores), len(sets)), np.nan)
    for index, members in enumerate(sets.values()):
        chosen = [place[member] for member in members]
        inside, measured = filled[:, chosen].sum(axis=1), known[:, chosen].sum(axis=1)
        result[:, index] = _mean(inside, measured)
        if against_rest:
            result[:, index] -= np.nan_to_num(_mean(sums - inside, counts - measured))
    return result


def _mean(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.asarray(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0))


def _filled(values: np.ndarray) -> np.ndarray:
    """The distance of every value from its column's first measured one; 0 where missing."""
    import numpy as np

    measured = np.isfinite(values)
    first = values[measured.argmax(axis=0), np.arange(values.shape[1])]
    return np.where(measured, np.abs(values - np.where(np.isfinite(first), first, 0.0)), 0.0)
