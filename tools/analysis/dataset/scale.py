"""Finds out whether values are raw or log2, and refuses samples on different scales.

Raw intensities span orders of magnitude, log2 values stay below 60 (2**60 counts more ions than a detector can).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from pelagos.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

MAX_LOG2 = 60.0
MIN_RAW = 1000.0  # a sample of raw intensities has a median above it where another has one of log2 values
LOW_LOG2 = 4.0


def find_scale(values: pd.DataFrame) -> tuple[Literal["raw", "log2"], str]:
    """(scale, one line that says why). `values`: samples x features, missing ones NaN. Raises BadInput (mixed)."""
    medians = values.median(axis=1, skipna=True).dropna()
    highest = values.max(axis=1, skipna=True).reindex(medians.index)
    raw, log = medians[medians > MIN_RAW], medians[highest <= MAX_LOG2]
    if len(raw) and len(log):
        few, other = (log, "log2") if len(log) <= len(raw) else (raw, "raw")
        named = ", ".join(str(name) for name in few.index[:5]) + (" ..." if len(few) > 5 else "")
        raise BadInput(
            f"mixed scales: {len(few)} of {len(medians)} samples are {other}, the others are not ({named}); "
            "bring all to one scale"
        )
    array = values.to_numpy()
    top, low = float(np.nanmax(array)), float(np.nanmin(array))
    if low < 0:
        return "log2", f"scale read as log2: negative values (from {low:.3g} to {top:.3g})"
    if top > MAX_LOG2:
        return "raw", f"scale read as raw: values from {low:.3g} to {top:.3g}"
    if float(medians.median()) < LOW_LOG2:
        return "raw", f"scale read as raw: small positive values (median {float(medians.median()):.3g})"
    return "log2", f"scale read as log2: values from {low:.3g} to {top:.3g}"
