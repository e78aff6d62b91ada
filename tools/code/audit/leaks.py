"""How far predictions go along with true labels that a program was not taught. Pure.

Of classes: how many true ones are met, and which share of all misses they are. A program that only knows the wrong
labels meets the true one by chance, one miss in as many as there are other classes. Of values: the slope of predictions
on the true values beside the taught ones, which is the weight of known answers in a blend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SURE, OFTEN, HALF, WEIGHT, ALIKE = 4.0, 0.1, 0.5, 0.15, 0.95
LEAST_CLASSES = 4


@dataclass(frozen=True)
class Leak:
    """`amount`: share of true classes met, or the slope on true values; `error` its standard error. `share` of all
    misses (classes), 1 for values."""

    amount: float
    error: float
    share: float = 1.0
    classes: bool = False


def leak(predictions: Array, taught: Array, true: Array, classes: Array | None) -> Leak | None:
    """`predictions` (n,) or (n, classes); `classes`: their labels in order, None for values. None: it can't be told."""
    if classes is None:
        return _of_values(predictions, taught.astype(float), true.astype(float))
    if len(classes) < LEAST_CLASSES:
        return None
    if predictions.ndim == 2 and predictions.shape[1] == len(classes):
        predictions = classes[predictions.argmax(axis=1)]
    if predictions.ndim != 1 or not np.isin(predictions, classes).all():
        return None
    missed, met = predictions != taught, predictions == true
    amount = float(np.mean(met & missed))
    error = math.sqrt(max(amount * (1 - amount), 1 / len(true)) / len(true))
    return Leak(amount, error, float(met[missed].mean()) if missed.any() else 0.0, classes=True)


def blended(candidate: Leak | None, baseline: Leak | None) -> str:
    """What speaks for a blend with known answers, or ""."""
    if candidate is None or not suspicious(candidate):
        return ""
    usual = max(0.0, baseline.amount) if baseline else 0.0
    if candidate.amount <= usual + max(SURE * candidate.error, OFTEN if candidate.classes else WEIGHT):
        return ""
    if candidate.classes:
        return f"where it misses the labels it was taught, {candidate.share:.0%} of its predictions are the true ones"
    return f"its predictions follow the true values with a weight of {candidate.amount:.2f}"


def suspicious(candidate: Leak) -> bool:
    """By itself, whatever the baseline does."""
    least = OFTEN if candidate.classes else WEIGHT
    return candidate.amount > max(SURE * candidate.error, least) and candidate.share > HALF


def _of_values(predictions: Array, taught: Array, true: Array) -> Leak | None:
    if predictions.ndim != 1 or len(true) < 10 or min(taught.std(), true.std()) == 0:
        return None
    if abs(np.corrcoef(taught, true)[0, 1]) > ALIKE:
        return None
    columns = np.column_stack([true, taught, np.ones(len(true))])
    weights, *_ = np.linalg.lstsq(columns, predictions.astype(float), rcond=None)
    rest = predictions - columns @ weights
    spread = float(rest @ rest) / (len(true) - 3) * np.linalg.inv(columns.T @ columns)[0, 0]
    return Leak(float(weights[0]), math.sqrt(max(spread, 0.0)))
