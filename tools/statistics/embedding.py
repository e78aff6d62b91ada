"""Draws samples in two dimensions, coloured by columns of their metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLOURS = 10


def draw_by_columns(points: np.ndarray, columns: pd.DataFrame, axis: str = "PC") -> Figure:
    """One panel per column. Levels beyond the ten most frequent are drawn in grey."""
    import matplotlib.pyplot as plt

    count = columns.shape[1]
    figure, axes = plt.subplots(1, count, figsize=(4.6 * count, 4.2), squeeze=False, sharex=True, sharey=True)
    for panel, name in zip(axes[0], columns, strict=True):
        _draw_panel(panel, points, columns[name])
        panel.set(title=f"by {name}", xlabel=f"{axis} 1", ylabel=f"{axis} 2")
        panel.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return figure


def _draw_panel(panel: Axes, points: np.ndarray, column: pd.Series[str]) -> None:
    labels = column.astype("string").fillna("missing")
    levels = list(labels.value_counts().index[:MOST_COLOURS])
    rest = ~labels.isin(levels).to_numpy()
    panel.scatter(*points[rest, :2].T, s=14, c="0.85", linewidths=0)
    for place, level in enumerate(sorted(levels)):
        chosen = (labels == level).to_numpy(dtype=bool)
        panel.scatter(*points[chosen, :2].T, s=16, color=f"C{place}", linewidths=0, label=level)
    panel.legend(fontsize=7, frameon=False)
