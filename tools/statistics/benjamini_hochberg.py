"""The false discovery rate over the p-values that exist (scipy)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def adjust(p: pd.Series[float]) -> np.ndarray:
    """Return q (Benjamini-Hochberg); NaN where p is."""
    import numpy as np
    from scipy.stats import false_discovery_control

    values = np.asarray(p, dtype=float)
    q, tested = np.full(len(values), np.nan), np.isfinite(values)
    if tested.any():
        q[tested] = false_discovery_control(values[tested])
    return q
