"""Inputs that are moved by next to nothing: a model stays as it is, a table of known inputs finds nothing any more.

Columns of measured values move by a hundredth of their spread. Of columns that know few steps (pixels, counts) one
entry in twenty moves by one step. Columns with a handful of values may be names, and stay.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
HANDFUL, ROWS, SHARE, FEW, COARSE = 8, 2000, 0.01, 0.05, 0.02


def shifted(train: Array, asked: Array, secret: bytes) -> tuple[Array, Array] | None:
    """Inputs of the same shapes, types and ranges. None where nothing can be moved."""
    if train.dtype.kind not in "iuf" or train.ndim < 2:
        return None
    flat = np.concatenate([part.reshape(len(part), -1) for part in (train, asked)]).astype(float)
    steps, odds = steps_of(flat[:ROWS])
    if not np.any(steps):
        return None
    draw = np.random.default_rng(int.from_bytes(secret, "big"))
    chosen = draw.random(flat.shape) < odds
    moves = np.where(draw.random(flat.shape) < 0.5, -1.0, 1.0) * steps
    low, high = np.nanmin(flat, axis=0), np.nanmax(flat, axis=0)
    moved = np.where(chosen, np.clip(flat + moves, low, high), flat)
    first, second = np.split(moved, [len(train)])
    return first.reshape(train.shape).astype(train.dtype), second.reshape(asked.shape).astype(asked.dtype)


def steps_of(rows: Array) -> tuple[Array, Array]:
    """For each column of `rows` (n, columns) by how much an entry moves, 0 for not at all, and how likely it does."""
    steps, odds = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for place, column in enumerate(rows.T):
        values = np.unique(column[np.isfinite(column)])
        if len(values) <= HANDFUL:
            continue
        gap, spread = float(np.diff(values).min()), float(np.nanstd(column))
        coarse = gap > COARSE * spread
        steps[place], odds[place] = (gap, FEW) if coarse else (SHARE * spread, 1.0)
    return steps, odds
