"""Leaves out features that too few samples measured, and samples that measured too few features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tools.statistics.design import require_columns

if TYPE_CHECKING:
    import numpy as np
    from anndata import AnnData


def filter_by_presence(
    data: AnnData,
    share: float = 0.5,
    group: Annotated[str | None, "group"] = None,
    least_per_sample: float = 0.0,
) -> AnnData:
    """Keep the features that were measured in at least `share` of the samples; with `group`, in at least that share of
    the samples of one of its levels, so that a protein that only one group has is kept. Samples that measured less than
    `least_per_sample` of the features are left out first.

    Produces: filtered
    Seconds: 10
    Library: numpy
    """
    import numpy as np

    for name, value in (("share", share), ("least_per_sample", least_per_sample)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value:g}; it is a share from 0 to 1")
    present = np.isfinite(np.asarray(data.X, dtype=float))
    samples = present.mean(axis=1) >= least_per_sample
    kept = _present_share(data[samples], present[samples], group) >= share
    if not kept.any() or not samples.any():
        raise ValueError(f"no feature was measured in {share:.0%} of the samples")
    return data[samples, kept & present[samples].any(axis=0)].copy()


def _present_share(data: AnnData, present: np.ndarray, group: str | None) -> np.ndarray:
    """The share of samples that measured each feature: in all, or in the level that has most of it."""
    import numpy as np

    if group is None:
        return np.asarray(present.mean(axis=0))
    require_columns(data.obs, [group])
    labels = data.obs[group].astype("string")
    shares = [
        present[(labels == level).to_numpy(dtype=bool, na_value=False)].mean(axis=0)
        for level in labels.dropna().unique()
    ]
    return np.asarray(np.max(shares, axis=0))
