"""Takes log2, and brings samples to one scale: by their median, or by all their quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from anndata import AnnData

GRID = 201


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


def normalise_samples(data: AnnData, method: Literal["median", "quantile"] = "median") -> AnnData:
    """Shift every sample to the same median of log2 values, or map its values to the mean quantiles of all samples.

    Missing values stay missing. The shift assumes that most proteins don't differ between samples.

    Requires: log2
    Refuses: normalised, imputed, scaled
    Produces: normalised
    Seconds: 20
    Library: scikit-learn, scipy
    """
    import numpy as np

    values = np.asarray(data.X, dtype=float)
    if empty := [str(name) for name, row in zip(data.obs_names, values, strict=True) if not np.isfinite(row).any()]:
        raise ValueError(f"samples without any value can't be normalised: {', '.join(empty[:5])}")
    data.X = _shift_medians(values) if method == "median" else _map_quantiles(values)
    return data


def _shift_medians(values: np.ndarray) -> np.ndarray:
    """Samples are centred by their median, and put back at the median of all."""
    import numpy as np
    from sklearn.preprocessing import robust_scale

    return np.asarray(robust_scale(values, axis=1, with_scaling=False) + np.nanmedian(np.nanmedian(values, axis=1)))


def _map_quantiles(values: np.ndarray) -> np.ndarray:
    """Every value becomes the mean over the samples of the quantile at its rank in its own sample."""
    import numpy as np
    from scipy.stats import rankdata

    grid = np.linspace(0, 1, GRID)
    reference = np.nanquantile(values, grid, axis=1).mean(axis=1)
    ranks = rankdata(values, axis=1, nan_policy="omit")
    counts = np.isfinite(values).sum(axis=1, keepdims=True)
    shares = (ranks - 1) / np.maximum(counts - 1, 1)
    return np.where(np.isfinite(values), np.interp(np.nan_to_num(shares), grid, reference), np.nan)
