"""Whether the labels of a whole data set fit a stock metric: what no score could tell later. Host only; numpy."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PROBABILITIES = frozenset({"auroc", "log_loss"})
CLASSES = PROBABILITIES | {"accuracy", "macro_f1"}
MOST_CLASSES = 50
"""So many may any data set have; more of them look like measured values where most items have one of their own."""


def misfit(y: Array, metrics: Collection[str]) -> str:
    """Why the labels y (n,) don't fit the stock ones among `metrics`, in one line that says how to mend it; "" where
    they do."""
    wanted = sorted(CLASSES.intersection(metrics))
    if not wanted:
        return ""
    kinds, name = np.unique(y), wanted[0]
    if np.any(broken := y != np.round(y)):
        return f"y holds values such as {y[broken][0]:.4g}, {name} compares classes; use mae or rmse, or number classes"
    if len(kinds) > max(MOST_CLASSES, len(y) / 2):
        return f"y has {len(kinds)} different values in {len(y)} items, {name} compares classes; use mae or rmse"
    if y.dtype.kind == "f":
        return f"y holds classes as {y.dtype}; save whole numbers: y.astype(int)"
    if len(kinds) < 2:
        return f"all {len(y)} items have the label {kinds[0]}, {name} has nothing to tell apart; add items of another"
    numbered = np.array_equal(kinds, np.arange(len(kinds)))
    if not numbered and (of_columns := sorted(PROBABILITIES.intersection(metrics))):
        told = ", ".join(map(str, kinds[:5])) + (" ..." if len(kinds) > 5 else "")
        mend = "y = np.unique(y, return_inverse=True)[1]"
        return f"y has the labels {told}; {of_columns[0]} takes column c for class c; number them 0, 1, 2 ...: {mend}"
    return ""
