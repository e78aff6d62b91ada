"""The programs' tables, drawn with a fixed seed. Nobody's data."""

from __future__ import annotations

import numpy as np

from benchmarks.projects.data import ROWS, Table


def draw_blobs() -> Table:
    """Five classes of three clusters each in 16 columns; one label in ten is wrong."""
    draw = np.random.default_rng(21)
    centres = draw.normal(size=(15, 16)) * 1.1
    cluster = draw.integers(0, 15, size=ROWS)
    y = np.where(draw.random(ROWS) < 0.1, draw.integers(0, 5, size=ROWS), cluster % 5)
    return centres[cluster] + draw.normal(size=(ROWS, 16)), y


def draw_pulses() -> Table:
    """Four shapes at random places and heights in noise."""
    draw = np.random.default_rng(22)
    y, at = draw.integers(0, 4, size=ROWS), np.arange(32) - draw.uniform(8, 24, size=(ROWS, 1))
    kinds = [np.exp(-(at**2) / 8), np.exp(-np.abs(at) / 3), np.sign(at) * np.exp(-np.abs(at) / 3), np.cos(at) / 2]
    shape = np.stack(kinds)[y, np.arange(ROWS)]
    return shape * draw.uniform(0.7, 1.6, size=(ROWS, 1)) + 0.45 * draw.normal(size=(ROWS, 32)), y


def draw_flat() -> Table:
    """Three kinds that a product, a ring and a threshold of the columns decide, on different scales."""
    draw = np.random.default_rng(23)
    z = draw.normal(size=(ROWS, 12))
    score = np.stack([z[:, 0] * z[:, 1], z[:, 2] ** 2 + z[:, 3] ** 2 - 2, 1.5 * z[:, 4]], axis=1)
    y = (score + 0.5 * draw.normal(size=score.shape)).argmax(axis=1)
    return z * np.logspace(-1, 2, 12) + np.arange(12), y
