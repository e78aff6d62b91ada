"""Moves inputs by next to nothing: a model predicts the same, a table of known inputs finds none of them.

Columns of measured values move by a hundredth of their standard deviation. In columns with few distinct steps (pixels,
counts) one entry in twenty moves by one step. Columns with a handful of values may be categories and stay.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MAX_CATEGORIES, MAX_ROWS, STEP_SHARE, COARSE_PROBABILITY, COARSE_GAP = 8, 2000, 0.01, 0.05, 0.02


def shift_inputs(train: Array, test: Array, secret: bytes) -> tuple[Array, Array] | None:
    """Moved inputs of the same shapes, types and ranges. None if nothing can be moved."""
    if train.dtype.kind not in "iuf" or train.ndim < 2:
        return None
    rows = np.concatenate([part.reshape(len(part), -1) for part in (train, test)]).astype(float)
    steps, probabilities = measure_steps(rows[:MAX_ROWS])
    if not np.any(steps):
        return None
    rng = np.random.default_rng(int.from_bytes(secret, "big"))
    is_moved = rng.random(rows.shape) < probabilities
    moves = np.where(rng.random(rows.shape) < 0.5, -1.0, 1.0) * steps
    low, high = np.nanmin(rows, axis=0), np.nanmax(rows, axis=0)
    moved = np.where(is_moved, np.clip(rows + moves, low, high), rows)
    moved_train, moved_test = np.split(moved, [len(train)])
    return moved_train.reshape(train.shape).astype(train.dtype), moved_test.reshape(test.shape).astype(test.dtype)


def measure_steps(rows: Array) -> tuple[Array, Array]:
    """For each column of `rows` (n, columns): by how much an entry moves (0: not at all), and with what probability."""
    steps, probabilities = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for place, column in enumerate(rows.T):
        values = np.unique(column[np.isfinite(column)])
        if len(values) <= MAX_CATEGORIES:
            continue
        gap, spread = float(np.diff(values).min()), float(np.nanstd(column))
        coarse = gap > COARSE_GAP * spread
        steps[place], probabilities[place] = (gap, COARSE_PROBABILITY) if coarse else (STEP_SHARE * spread, 1.0)
    return steps, probabilities
