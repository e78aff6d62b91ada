"""Transforms the scale of a matrix: log2 and per-feature z-scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anndata import AnnData


def take_log2(data: AnnData) -> AnnData:
    """Take log2 of raw intensities. Zeros and negative values become missing: they mean "not measured".

    Requires: raw
    Refuses: log2, scaled
    Removes: raw
    Produces: log2
    Seconds: 10
    Library: numpy
    """
    import numpy as np

    values = np.asarray(data.X, dtype=float)
    data.X = np.log2(values, out=np.full_like(values, np.nan), where=values > 0)
    return data
