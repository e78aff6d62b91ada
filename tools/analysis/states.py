"""The vocabulary of data states. A tool requires some, refuses some and produces one."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What was done to a matrix of samples x features. Whether values are missing is looked up in the matrix."""

    RAW = "raw"
    LOG2 = "log2"
    FILTERED = "filtered"
    NORMALISED = "normalised"
    IMPUTED = "imputed"
    BATCH_CORRECTED = "batch_corrected"
    SCALED = "scaled"
    EMBEDDED = "embedded"
    CLUSTERED = "clustered"
