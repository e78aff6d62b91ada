"""Stock metrics: `metric(predictions, labels) -> float`. numpy only, since it is shipped into the evaluator's sandbox.

Labels y have shape (n,). Predictions are values or class labels (n,), or one column a class (n, classes): then the
classes are 0 .. classes-1 and the columns are probabilities for `log_loss`, any scores elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Metric = Callable[[Array, Array], float]

CLIP = 1e-15  # least probability in log_loss, as is usual


def classes(predictions: Array) -> Array:
    """Class labels (n,) of labels or of one column a class."""
    return predictions if predictions.ndim == 1 else predictions.argmax(axis=1)


def accuracy(predictions: Array, labels: Array) -> float:
    return float(np.mean(classes(predictions) == labels))


def macro_f1(predictions: Array, labels: Array) -> float:
    """Unweighted mean of F1 over the classes seen in labels or predictions."""
    chosen = classes(predictions)
    scores = []
    for label in np.union1d(labels, chosen):
        hits = np.sum((chosen == label) & (labels == label))
        scores.append(2.0 * hits / (np.sum(chosen == label) + np.sum(labels == label)))
    return float(np.mean(scores))


def mae(predictions: Array, labels: Array) -> float:
    return float(np.mean(np.abs(predictions.reshape(len(labels)) - labels)))


def rmse(predictions: Array, labels: Array) -> float:
    return float(np.sqrt(np.mean((predictions.reshape(len(labels)) - labels) ** 2)))


def auroc(predictions: Array, labels: Array) -> float:
    """Area under the ROC curve for labels 0/1: the Mann-Whitney statistic, ties counted half; 0.5 with one class."""
    scores = predictions if predictions.ndim == 1 else predictions[:, -1]
    positive = labels == np.max(labels)
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if n_pos == 0 or n_neg == 0:
        return 0.5
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2.0)[place]
    return float((ranks[positive].sum() - n_pos * (n_pos + 1) / 2.0) / (n_pos * n_neg))


def log_loss(predictions: Array, labels: Array) -> float:
    """Mean negative log-likelihood in nats. (n,): the probability of label 1; (n, classes): rows are normalised."""
    if predictions.ndim == 1:
        chance = np.where(labels == 1, predictions, 1.0 - predictions)
    else:
        rows = predictions / np.maximum(predictions.sum(axis=1, keepdims=True), CLIP)
        chance = rows[np.arange(len(labels)), labels.astype(int)]
    return float(-np.mean(np.log(np.clip(chance, CLIP, 1.0))))


STOCK: dict[str, Metric] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "mae": mae,
    "rmse": rmse,
    "auroc": auroc,
    "log_loss": log_loss,
}
