"""Relabels data in a different way in each of two regions of the inputs, which exposes a blend of known answers.

A single map for all labels hides a blend of known answers with learned ones: half of a value and half of its opposite
is the mean, which honest programs predict as well. If the map depends on the input, no multiple of the wrong label is
the true one, so the part of a prediction that follows the true label can be measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.code.audit.controls.relabel import find_classes, rotate_classes

Array = np.ndarray[Any, Any]
MIN_CLASSES, MAX_ROWS = 4, 512


def relabel_by_region(
    inputs: tuple[Array, Array], labels: tuple[Array, Array], metric: str, secret: bytes
) -> tuple[Array, Array] | None:
    """Labels (n,) of training and test items, relabelled by region. None if there are too few classes for two maps
    without a common pair, or if the inputs are not numbers."""
    if inputs[0].dtype.kind not in "biuf":
        return None
    train_region, test_region = (part.astype(bool) for part in split_regions(*inputs))
    train_labels, test_labels = labels
    classes = find_classes(np.concatenate(labels), metric)
    if classes is not None:
        if len(classes) < MIN_CLASSES:
            return None
        first_map, second_map = rotate_classes(classes, secret, 1), rotate_classes(classes, secret, 2)
        return np.where(train_region, first_map(train_labels), second_map(train_labels)), np.where(
            test_region, first_map(test_labels), second_map(test_labels)
        )
    ranked = np.sort(train_labels)
    return _remap_ranks(train_labels, train_region, ranked), _remap_ranks(test_labels, test_region, ranked)


def split_regions(train: Array, test: Array) -> tuple[Array, Array]:
    """0 or 1 for each item: the side of the training inputs' median along their first principal direction."""
    train_rows, test_rows = (np.nan_to_num(part.reshape(len(part), -1).astype(float)) for part in (train, test))
    centre, spread = train_rows.mean(axis=0), train_rows.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    train_rows, test_rows = (train_rows - centre) / scale, (test_rows - centre) / scale
    direction = np.linalg.svd(train_rows[:MAX_ROWS], full_matrices=False)[2][0]
    median = np.median(train_rows @ direction)
    return (train_rows @ direction > median).astype(int), (test_rows @ direction > median).astype(int)


def _remap_ranks(labels: Array, region: Array, ranked: Array) -> Array:
    """In the region, values swap with the opposite rank; elsewhere they move on by half of all ranks."""
    shifted = np.roll(ranked, -(len(ranked) // 2))
    return np.where(region, np.interp(labels, ranked, ranked[::-1]), np.interp(labels, ranked, shifted)).astype(
        labels.dtype
    )
