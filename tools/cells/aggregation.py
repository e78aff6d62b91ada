"""Means of the cells of each sample (pseudobulk), so that samples can be compared with proper degrees of freedom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tools.cells.samples import describe_samples
from tools.statistics.design import require_columns

if TYPE_CHECKING:
    from anndata import AnnData

LEAST_CELLS = 10


def aggregate_samples(
    data: AnnData,
    sample: Annotated[str, "subject"],
    cell_type: Annotated[str | None, "column"] = None,
    only: str = "",
) -> AnnData:
    """Replace cells by the mean of each sample, of all its cells or of those whose `cell_type` is `only`.

    Metadata that vary within a sample are dropped. Samples with fewer than 10 such cells are left out. Afterwards
    samples can be compared like proteomes.

    Refuses: raw, missing values, scaled
    Produces: log2
    Seconds: 60
    Library: scanpy
    Example: sample="donor"
    """
    import numpy as np
    import scanpy

    require_columns(data.obs, [sample, *([cell_type] if cell_type else [])])
    chosen = (
        data[(data.obs[cell_type].astype("string") == only).to_numpy(dtype=bool, na_value=False)] if cell_type else data
    )
    counts = chosen.obs[sample].astype("string").value_counts()
    kept = counts.index[counts >= LEAST_CELLS]
    if len(kept) < 2:
        raise ValueError(f"{len(kept)} samples have {LEAST_CELLS} cells or more{f' of {only}' if cell_type else ''}")
    chosen = chosen[chosen.obs[sample].astype("string").isin(kept).to_numpy(dtype=bool)].copy()
    chosen.obs[sample] = chosen.obs[sample].astype(str).astype("category")
    varies = chosen.obs.groupby(sample, observed=True).nunique().max()
    constant = [name for name in chosen.obs if name != sample and varies[name] <= 1]
    made = scanpy.get.aggregate(chosen, by=sample, func="mean")
    made.X = np.asarray(made.layers.pop("mean"), dtype=float)
    made.obs = made.obs.join(describe_samples(chosen.obs, sample, constant))
    made.uns = dict(data.uns)
    return made
