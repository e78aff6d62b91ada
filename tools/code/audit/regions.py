"""Labels that are wrong in another way in each of two regions of the inputs: what a blend of answers gives away.

One map for all labels hides a blend of known answers with learned ones: half of a value and half of its opposite is the
mean, which honest programs predict as well. Where the map depends on the input, no multiple of the wrong label is the
right one, so the part of a prediction that goes along with the right one can be measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.code.audit.relabel import class_names, renamed

Array = np.ndarray[Any, Any]
LEAST_CLASSES, ROWS = 4, 512


def regional(
    inputs: tuple[Array, Array], labels: tuple[Array, Array], metric: str, secret: bytes
) -> tuple[Array, Array] | None:
    """Labels (n,) of training and asked items, relabelled by region. None where there are too few classes for two maps
    that have nothing in common, or where the inputs are no numbers."""
    if inputs[0].dtype.kind not in "biuf":
        return None
    first, second = (part.astype(bool) for part in halves(*inputs))
    y, truth = labels
    classes = class_names(np.concatenate(labels), metric)
    if classes is not None:
        if len(classes) < LEAST_CLASSES:
            return None
        near, far = renamed(classes, secret, 1), renamed(classes, secret, 2)
        return np.where(first, near(y), far(y)), np.where(second, near(truth), far(truth))
    ranked = np.sort(y)
    return _turned(y, first, ranked), _turned(truth, second, ranked)


def halves(train: Array, asked: Array) -> tuple[Array, Array]:
    """On which side of the training inputs' median along their main direction each item lies, 0 or 1."""
    flat, other = (np.nan_to_num(part.reshape(len(part), -1).astype(float)) for part in (train, asked))
    centre, spread = flat.mean(axis=0), flat.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    flat, other = (flat - centre) / scale, (other - centre) / scale
    direction = np.linalg.svd(flat[:ROWS], full_matrices=False)[2][0]
    middle = np.median(flat @ direction)
    return (flat @ direction > middle).astype(int), (other @ direction > middle).astype(int)


def _turned(y: Array, near: Array, ranked: Array) -> Array:
    """Values near change places with those of the opposite rank; values far move on by half of all ranks."""
    moved = np.roll(ranked, -(len(ranked) // 2))
    return np.where(near, np.interp(y, ranked, ranked[::-1]), np.interp(y, ranked, moved)).astype(y.dtype)
