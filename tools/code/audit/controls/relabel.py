"""Makes labels that are all wrong but as easy to learn as the true ones: the training labels of a control.

Classes are rotated along one cycle through all of them, drawn from the secret; values swap with those of the opposite
rank. A program that learns from its data learns the wrong labels as well as the true ones. A plain shuffle would leave
nothing to learn: the scores of honest programs would be chance, and on few items even high.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tools.code.task.schema import REGRESSION_METRICS

Array = np.ndarray[Any, Any]
MAX_CLASSES = 50


def make_relabelling(all_labels: Array, train: Array, metric: str, secret: bytes) -> Callable[[Array], Array]:
    """A map of labels (n,) to labels (n,) of the same type. No class is mapped to itself; ranks of values reverse."""
    classes = find_classes(all_labels, metric)
    if classes is None:
        return reverse_ranks(train)
    return rotate_classes(classes, secret, 1)


def find_classes(all_labels: Array, metric: str) -> Array | None:
    """The classes in order, or None if the labels are values."""
    classes = np.unique(all_labels)
    return (
        None if all_labels.dtype.kind != "i" or metric in REGRESSION_METRICS or len(classes) > MAX_CLASSES else classes
    )


def rotate_classes(classes: Array, secret: bytes, places: int) -> Callable[[Array], Array]:
    """A map of each class to the one that follows it by `places` on a cycle drawn from the secret."""
    cycle = np.random.default_rng(int.from_bytes(secret, "big")).permutation(classes)
    following = dict(zip(cycle.tolist(), np.roll(cycle, -places).tolist(), strict=True))
    return lambda y: np.array([following[label] for label in y.tolist()], dtype=y.dtype)


def reverse_ranks(train: Array) -> Callable[[Array], Array]:
    ranked = np.sort(train)
    return lambda y: np.interp(y, ranked, ranked[::-1]).astype(y.dtype)
