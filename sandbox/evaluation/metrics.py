"""The stock metrics, each as a score per row of item weights, so that every resample costs one matrix product.

Labels are an array of n items. Predictions are classes (n,), values (n,) or probabilities (n, classes), where column c
is of label c, so labels are then numbered 0, 1, 2 ...; what doesn't fit is refused, never scored as something else.

`weights` is (r, n): a row of ones is the plain score, a row of counts is a bootstrap resample.
Runs inside the evaluator's sandbox; numpy only. A score that a resample leaves undefined is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Metric = Callable[[Array, Array, Array], Array]
_LEAST, _SINGLE = 1e-15, 1e-6


class Unfit(Exception):
    """Predictions of the wrong form for a metric. `cause` is an evaluation cause class."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


def accuracy(labels: Array, predictions: Array, weights: Array) -> Array:
    """Share of items whose class is right."""
    return _mean((_classes(labels, predictions) == labels).astype(float), weights)


def macro_f1(labels: Array, predictions: Array, weights: Array) -> Array:
    """Mean over classes of F1; a class that is neither in labels nor predictions of a resample doesn't count."""
    guessed = _classes(labels, predictions)
    both = np.unique(np.concatenate([labels, guessed]))
    truth, guess = (labels[:, None] == both).astype(float), (guessed[:, None] == both).astype(float)
    hits = weights @ (truth * guess)
    total = weights @ truth + weights @ guess
    f1 = np.divide(2 * hits, total, out=np.zeros_like(hits), where=total > 0)
    present: Array = (total > 0).sum(axis=1)
    return np.asarray(f1.sum(axis=1) / present)


def mae(labels: Array, predictions: Array, weights: Array) -> Array:
    """Mean absolute error, in the labels' unit."""
    return _mean(np.abs(_values(labels, predictions) - labels), weights)


def rmse(labels: Array, predictions: Array, weights: Array) -> Array:
    """Root of the mean squared error, in the labels' unit."""
    return np.asarray(np.sqrt(_mean((_values(labels, predictions) - labels) ** 2, weights)))


def log_loss(labels: Array, predictions: Array, weights: Array) -> Array:
    """Mean negative log-probability of the right class, in nats; rows are rescaled to sum to one."""
    chances = _probabilities(labels, predictions)
    right = chances[np.arange(len(labels)), labels.astype(int)] / chances.sum(axis=1)
    return _mean(-np.log(np.clip(right, _LEAST, 1.0)), weights)


def auroc(labels: Array, predictions: Array, weights: Array) -> Array:
    """Area under the ROC curve, ties counted half; with several classes the mean of one class against the rest.

    With two classes a column of scores (n,) will do, of any scale.
    """
    kinds = np.unique(labels)
    if len(kinds) < 2:
        raise Unfit("malformed", f"auroc compares classes, and all {len(labels)} items have the label {kinds[0]}")
    if _is_column(predictions):
        if len(kinds) > 2:
            raise Unfit("wrong_shape", "auroc with several classes needs probabilities of shape (n, classes)")
        return _area(labels == kinds[1], _numbers(_flat(predictions)), weights)
    chances = _probabilities(labels, predictions)
    if chances.shape[1] == 2:
        return _area(labels == 1, chances[:, 1], weights)
    present = [kind for kind in range(chances.shape[1]) if np.any(labels == kind)]
    return np.asarray(np.mean([_area(labels == kind, chances[:, kind], weights) for kind in present], axis=0))


def exact(labels: Array, predictions: Array, weights: Array) -> Array:
    """Share of items whose label is met to single precision: for audits, where it says what chance can't do."""
    if labels.dtype.kind != "f":
        return _mean((_likeliest(predictions) == labels).astype(float), weights)
    near = np.abs(_values(labels, predictions) - labels) <= _SINGLE * np.maximum(1.0, np.abs(labels))
    return _mean(near.astype(float), weights)


STOCK_SCORERS: dict[str, Metric] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "mae": mae,
    "rmse": rmse,
    "auroc": auroc,
    "log_loss": log_loss,
    "exact": exact,
}


def _mean(values: Array, weights: Array) -> Array:
    return np.asarray(weights @ values / weights.sum(axis=1))


def _area(positive: Array, scores: Array, weights: Array) -> Array:
    """Mann-Whitney: the chance that a positive item outranks a negative one."""
    order = np.argsort(scores, kind="stable")
    ranked = np.take(weights, order, axis=1)
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) != 0])
    above = np.add.reduceat(ranked * positive[order], starts, axis=1)
    below = np.add.reduceat(ranked, starts, axis=1) - above
    lower = np.cumsum(below, axis=1) - below / 2
    pairs = above.sum(axis=1) * below.sum(axis=1)
    area = (above * lower).sum(axis=1)
    return np.asarray(np.divide(area, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))


def _classes(labels: Array, predictions: Array) -> Array:
    if predictions.ndim == 2 and not _is_column(predictions):
        _numbered(labels, predictions)
        return np.asarray(predictions.argmax(axis=1))
    flat = _flat(predictions)
    if (labels.dtype.kind in "US") != (flat.dtype.kind in "US"):
        raise Unfit("malformed", f"predictions are {flat.dtype}, labels are {labels.dtype}")
    if flat.dtype.kind == "f" and np.any(broken := flat != np.round(flat)):
        text = f"predictions are values such as {flat[broken][0]:.4g}, not classes"
        raise Unfit("malformed", f"{text}; write the class of each item, or (n, classes) probabilities")
    return flat


def _likeliest(predictions: Array) -> Array:
    """The column of the greatest value, (n,) of (n, classes); what is one value per item is returned as it is. Raises
    Unfit."""
    if predictions.ndim == 2 and predictions.shape[1] > 1:
        return np.asarray(predictions.argmax(axis=1))
    return _flat(predictions)


def _is_column(predictions: Array) -> bool:
    return predictions.ndim == 1 or (predictions.ndim == 2 and predictions.shape[1] == 1)


def _numbered(labels: Array, predictions: Array) -> None:
    """Whether every label has its column. Raises Unfit."""
    if labels.dtype.kind not in "biuf" or np.any(labels != np.round(labels)):
        raise Unfit("malformed", f"labels are {labels.dtype}, column c is of class c; number the classes 0, 1, 2 ...")
    columns = predictions.shape[1]
    if np.min(labels) < 0 or np.max(labels) >= columns:
        text = f"predictions have shape {predictions.shape}: column c is of class c, from 0 to {columns - 1}"
        span = f"the labels go from {np.min(labels):g} to {np.max(labels):g}"
        raise Unfit("wrong_shape", f"{text}; {span}; number the classes 0, 1, 2 ... and write a column for each")


def _values(labels: Array, predictions: Array) -> Array:
    flat = _flat(predictions) if labels.ndim == 1 else predictions
    if flat.shape != labels.shape:
        raise Unfit("wrong_shape", f"predictions have shape {flat.shape}, expected {labels.shape}")
    return _numbers(flat)


def _numbers(predictions: Array) -> Array:
    """As floats; text that spells a number is one. Raises Unfit."""
    try:
        return np.asarray(predictions, dtype=float)
    except ValueError:
        raise Unfit("malformed", f"predictions are {predictions.dtype} text, expected numbers") from None


def _flat(predictions: Array) -> Array:
    flat = predictions[:, 0] if predictions.ndim == 2 and _is_column(predictions) else predictions
    if flat.ndim != 1:
        raise Unfit("wrong_shape", f"predictions have shape {predictions.shape}, expected one value per item")
    return flat


def _probabilities(labels: Array, predictions: Array) -> Array:
    if predictions.dtype.kind not in "biuf" or predictions.ndim > 2:
        text = f"predictions are {predictions.dtype} of shape {predictions.shape}"
        raise Unfit("wrong_shape", f"{text}; write (n, classes) probabilities, or (n,) of class 1 where there are two")
    chances = predictions.astype(float)
    if _is_column(chances):
        one = _flat(chances)
        chances = np.stack([1 - one, one], axis=1)
    _numbered(labels, chances)
    if np.any(chances < 0) or np.any(chances > 1 + 1e-6) or np.any(np.abs(chances.sum(axis=1) - 1) > 1e-2):
        text = "predictions aren't probabilities: each row must be within 0 to 1 and sum to 1"
        raise Unfit("malformed", f"{text}; give logits through a softmax (one column: a sigmoid)")
    return chances
