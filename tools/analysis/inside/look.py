"""What is known of the data after the calls: samples of the smaller compared group, and the batch's share of variance.

Values are never compared between the groups: only the number of samples with a label is counted.
"""

from typing import Any

MOST_CELLS = 50_000_000  # of a sparse matrix, above which it isn't made dense for a look


def look(data: Any, batch: str, group: str, levels: list[str]) -> dict[str, float]:
    """Return `smallest group` and `batch share`, each where it can be told. Names are "" where the design has none."""
    known: dict[str, float] = {}
    if group in data.obs and levels:
        labels = data.obs[group].astype(str)
        known["smallest group"] = float(min((labels == level).sum() for level in levels))
    share = _share_of_batch(data, batch)
    return known if share is None else known | {"batch share": share}


def _share_of_batch(data: Any, batch: str) -> float | None:
    """Return the mean over features of the adjusted share of variance between batches; 0 is what chance gives."""
    import numpy as np
    import pandas as pd

    if batch not in data.obs or (hasattr(data.X, "toarray") and data.n_obs * data.n_vars > MOST_CELLS):
        return None
    values = np.asarray(data.X.toarray() if hasattr(data.X, "toarray") else data.X, dtype=float)
    member = pd.get_dummies(data.obs[batch].astype("string")).to_numpy(dtype=float)
    measured = np.isfinite(values) & (member.sum(axis=1) > 0)[:, None]
    n, k = measured.sum(axis=0), (member.T @ measured > 0).sum(axis=0)
    values = np.where(measured, values, 0.0)
    usable = (n - k > 1) & (k > 1)
    if not usable.any():
        return None
    values, measured, n, k = values[:, usable], measured[:, usable], n[usable], k[usable]
    centred = np.where(measured, values - values.sum(axis=0) / n, 0.0)
    total = (centred**2).sum(axis=0)
    sums, counts = member.T @ centred, member.T @ measured
    between = (np.where(counts > 0, sums, 0.0) ** 2 / np.maximum(counts, 1)).sum(axis=0)
    varies = total > 0
    if not varies.any():
        return None
    share = 1 - (1 - between[varies] / total[varies]) * (n[varies] - 1) / (n[varies] - k[varies])
    return float(share.mean())
