"""Fills in missing values, for exploration only: tests of difference refuse imputed data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from anndata import AnnData


def impute_missing(
    data: AnnData, method: Literal["nearest", "median", "down_shift"] = "nearest", neighbours: int = 5, seed: int = 0
) -> AnnData:
    """Fill in missing values so that embedding and clustering can be done: from the nearest samples, by the feature's
    median, or drawn from the low end of the feature's distribution.

    For exploration only: tests of difference refuse imputed data.

    Requires: log2
    Refuses: imputed
    Produces: imputed
    Seconds: 120
    Library: scikit-learn
    """
    import numpy as np
    from sklearn.impute import KNNImputer, SimpleImputer

    values = np.asarray(data.X, dtype=float)
    if empty := int((~np.isfinite(values).any(axis=0)).sum()):
        raise ValueError(f"{empty} features have no value at all: filter by presence first")
    if method == "down_shift":
        data.X = _shift_down(data, seed)
    else:
        imputer = KNNImputer(n_neighbors=neighbours) if method == "nearest" else SimpleImputer(strategy="median")
        data.X = imputer.fit_transform(values)
    return data


def _shift_down(data: AnnData, seed: int) -> AnnData:
    try:
        from alphapepttools.pp import impute_gaussian
    except ImportError:
        raise ValueError(
            "down_shift needs alphapepttools: pip install 'pelagos[analysis-gpl]', or take nearest"
        ) from None
    imputed = impute_gaussian(data, random_state=seed, copy=True)
    return imputed.X
