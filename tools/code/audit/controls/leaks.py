"""Measures how far predictions follow true labels that the program was not taught. Pure functions.

For classes: how many predictions are the true class, and their share of all misses. A program that knows only the wrong
labels predicts the true class by chance, in one miss of (number of classes - 1). For values: the regression slope on
the true values beside the taught ones, which is the weight of known answers in a blend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
STANDARD_ERRORS, MIN_CLASS_LEAK, MIN_MISS_SHARE, MIN_VALUE_LEAK, MAX_CORRELATION = 4.0, 0.1, 0.5, 0.15, 0.95
MIN_CLASSES = 4


@dataclass(frozen=True)
class Leak:
    """`amount` is the share of true classes predicted, or the slope on true values, with its `standard_error`.
    `miss_share` is the share of all misses that are the true class; 1 for values."""

    amount: float
    standard_error: float
    miss_share: float = 1.0
    is_classification: bool = False


def measure_leak(predictions: Array, taught: Array, true: Array, classes: Array | None) -> Leak | None:
    """`predictions` has shape (n,) or (n, classes), `taught` and `true` have (n,). `classes` are the labels in order,
    None for values. Returns None if no leak can be measured."""
    if classes is None:
        return _measure_value_leak(predictions, taught.astype(float), true.astype(float))
    if len(classes) < MIN_CLASSES:
        return None
    if predictions.ndim == 2 and predictions.shape[1] == len(classes):
        predictions = classes[predictions.argmax(axis=1)]
    if predictions.ndim != 1 or not np.isin(predictions, classes).all():
        return None
    is_miss, is_true_class = predictions != taught, predictions == true
    amount = float(np.mean(is_true_class & is_miss))
    error = math.sqrt(max(amount * (1 - amount), 1 / len(true)) / len(true))
    return Leak(amount, error, float(is_true_class[is_miss].mean()) if is_miss.any() else 0.0, is_classification=True)


def describe_leak(candidate: Leak | None, baseline: Leak | None) -> str:
    """The evidence that predictions are a blend with known answers, or ""."""
    if candidate is None or not is_suspicious(candidate):
        return ""
    baseline_amount = max(0.0, baseline.amount) if baseline else 0.0
    if candidate.amount <= baseline_amount + max(
        STANDARD_ERRORS * candidate.standard_error, MIN_CLASS_LEAK if candidate.is_classification else MIN_VALUE_LEAK
    ):
        return ""
    if candidate.is_classification:
        return (
            f"where it misses the labels it was taught, {candidate.miss_share:.0%} of its predictions are the true ones"
        )
    return f"its predictions follow the true values with a weight of {candidate.amount:.2f}"


def is_suspicious(candidate: Leak) -> bool:
    """Whether a leak is suspicious by itself, without a comparison with the baseline."""
    threshold = MIN_CLASS_LEAK if candidate.is_classification else MIN_VALUE_LEAK
    return (
        candidate.amount > max(STANDARD_ERRORS * candidate.standard_error, threshold)
        and candidate.miss_share > MIN_MISS_SHARE
    )


def _measure_value_leak(predictions: Array, taught: Array, true: Array) -> Leak | None:
    if predictions.ndim != 1 or len(true) < 10 or min(taught.std(), true.std()) == 0:
        return None
    if abs(np.corrcoef(taught, true)[0, 1]) > MAX_CORRELATION:
        return None
    columns = np.column_stack([true, taught, np.ones(len(true))])
    weights, *_ = np.linalg.lstsq(columns, predictions.astype(float), rcond=None)
    residuals = predictions - columns @ weights
    variance = float(residuals @ residuals) / (len(true) - 3) * np.linalg.inv(columns.T @ columns)[0, 0]
    return Leak(float(weights[0]), math.sqrt(max(variance, 0.0)))
