"""Labels that are all wrong, but as easy to learn as before: what a control is trained on.

Classes are renamed along one cycle through all of them, drawn from the secret; values change places with those of the
opposite rank. A program that learns from what it is given learns the wrong labels as well as it did the right ones. A
plain shuffle would leave nothing to learn: what honest programs then do is luck, on few items even a good score.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tools.code.task_file import REGRESSION

Array = np.ndarray[Any, Any]
MOST_CLASSES = 50


def relabelling(every: Array, train: Array, metric: str, secret: bytes) -> Callable[[Array], Array]:
    """The map of labels (n,) to labels (n,) of the same type. No class keeps its name; the order of values turns."""
    classes = class_names(every, metric)
    if classes is None:
        return reversed_ranks(train)
    return renamed(classes, secret, 1)


def class_names(every: Array, metric: str) -> Array | None:
    """The classes in order, or None where the labels are values."""
    classes = np.unique(every)
    return None if every.dtype.kind != "i" or metric in REGRESSION or len(classes) > MOST_CLASSES else classes


def renamed(classes: Array, secret: bytes, places: int) -> Callable[[Array], Array]:
    """Each class becomes the one that follows it by so many `places` on a cycle drawn from the secret."""
    around = np.random.default_rng(int.from_bytes(secret, "big")).permutation(classes)
    following = dict(zip(around.tolist(), np.roll(around, -places).tolist(), strict=True))
    return lambda y: np.array([following[label] for label in y.tolist()], dtype=y.dtype)


def reversed_ranks(train: Array) -> Callable[[Array], Array]:
    ranked = np.sort(train)
    return lambda y: np.interp(y, ranked, ranked[::-1]).astype(y.dtype)
