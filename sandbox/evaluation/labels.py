"""Checks whether the labels of a whole data set fit a stock metric, which no score could show later. Host only;
numpy."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PROBABILITIES = frozenset({"auroc", "log_loss"})
CLASSES = PROBABILITIES | {"accuracy", "macro_f1"}
MAX_CLASSES = 50
"""Any data set may have so many classes; more of them look like measured values where most items have a value of
their own."""


def find_misfit(y: Array, metrics: Collection[str]) -> str:
    """Return why the labels y (n,) don't fit the stock metrics among `metrics`, in one line that says how to correct
    it; "" where they do."""
    class_metrics = sorted(CLASSES.intersection(metrics))
    if not class_metrics:
        return ""
    classes, name = np.unique(y), class_metrics[0]
    if np.any(fractional := y != np.round(y)):
        value = f"{y[fractional][0]:.4g}"
        return f"y holds values such as {value}, {name} compares classes; use mae or rmse, or number classes"
    if len(classes) > max(MAX_CLASSES, len(y) / 2):
        return f"y has {len(classes)} different values in {len(y)} items, {name} compares classes; use mae or rmse"
    if y.dtype.kind == "f":
        return f"y holds classes as {y.dtype}; save whole numbers: y.astype(int)"
    if len(classes) < 2:
        return f"all {len(y)} items have the label {classes[0]}, {name} has nothing to tell apart; add items of another"
    numbered = np.array_equal(classes, np.arange(len(classes)))
    if not numbered and (of_columns := sorted(PROBABILITIES.intersection(metrics))):
        shown = ", ".join(map(str, classes[:5])) + (" ..." if len(classes) > 5 else "")
        remedy = "y = np.unique(y, return_inverse=True)[1]"
        return (
            f"y has the labels {shown}; {of_columns[0]} takes column c for class c; number them 0, 1, 2 ...: {remedy}"
        )
    return ""
