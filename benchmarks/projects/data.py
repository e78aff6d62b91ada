"""The projects' tables, drawn with a fixed seed. Nobody's data."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 1300
Table = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def draw_churn() -> Table:
    """Twelve columns on widely different scales; a product and a threshold of them decide."""
    draw = np.random.default_rng(11)
    z = draw.normal(size=(ROWS, 12))
    leaves = 1.2 * z[:, 0] * z[:, 1] + 1.5 * (z[:, 2] > 0.5) - z[:, 3] + 0.7 * draw.normal(size=ROWS) > 0
    return z * np.logspace(-2, 4, 12) + np.arange(12), leaves.astype(int)


def draw_demand() -> Table:
    """A daily rhythm, a trend, correlated noise and spikes; a row is 48 hours and the next one."""
    draw = np.random.default_rng(12)
    hours = np.arange(ROWS + 48)
    noise = np.convolve(draw.normal(size=len(hours) + 20), 0.8 ** np.arange(20), "valid")[: len(hours)]
    series = 50 + 8 * np.sin(2 * np.pi * hours / 24) + 0.004 * hours + noise + 15 * (draw.random(len(hours)) < 0.01)
    return np.lib.stride_tricks.sliding_window_view(series, 49)[:ROWS, :48], series[48 : 48 + ROWS]


def draw_defects() -> Table:
    """Twenty sensors of which six matter; one part in ten is scratched or cracked."""
    draw = np.random.default_rng(13)
    y = draw.choice(3, size=ROWS, p=[0.9, 0.06, 0.04])
    x = draw.normal(size=(ROWS, 20))
    x[:, :3] += 1.2 * (y == 1)[:, None]
    x[:, 3:6] -= 1.4 * (y == 2)[:, None]
    return x, y


def write_table(table: Table, path: Path) -> None:
    x, y = table
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*(f"c{column}" for column in range(x.shape[1])), "y"])
        rows.writerows([*(f"{value:.6g}" for value in row), label] for row, label in zip(x, y, strict=True))
