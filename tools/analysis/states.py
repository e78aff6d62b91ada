"""The states that a data set can be in. Tools require some and produce others; `uns["states"]` holds them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class State(StrEnum):
    """One property of the values of X. Whether values are missing is no state: it is looked up in X."""

    RAW = "raw"  # intensities, counts or measured values on their own scale
    LOG2 = "log2"
    FILTERED = "filtered"
    NORMALISED = "normalised"
    IMPUTED = "imputed"
    BATCH_CORRECTED = "batch_corrected"
    SCALED = "scaled"
    EMBEDDED = "embedded"
    CLUSTERED = "clustered"


Kind = Literal["proteomics", "table", "cells"]
