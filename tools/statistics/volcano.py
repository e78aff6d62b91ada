"""Draws a volcano plot of a statistics table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ALPHA, LABELLED = 0.05, 12
_APART = (0.10, 0.025)  # least distance of two labels, as a share of the axes


def draw_volcano(table: pd.DataFrame, effect: str) -> Figure:
    """Effect against -log10 p; rows with q < 0.05 are coloured, the smallest p-values are named."""
    import matplotlib.pyplot as plt
    import numpy as np

    tested = table[table["p"].notna()]
    height = -np.log10(tested["p"].clip(lower=1e-300))
    found = tested["q"] < ALPHA
    colours = np.where(~found, "0.7", np.where(tested["effect"] > 0, "tab:red", "tab:blue"))
    figure, axes = plt.subplots(figsize=(6, 5))
    axes.scatter(tested["effect"], height, s=12, c=colours, linewidths=0)
    _name_points(axes, tested.assign(height=height))
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set(xlabel=effect, ylabel="-log10 p", title=f"{int(found.sum())} of {len(tested)} tested with q < {ALPHA}")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _name_points(axes: Axes, points: pd.DataFrame) -> None:
    """Name the first points, best p first; one whose label would cover another's stays unnamed."""
    across, up = (max(float(points[column].max() - points[column].min()), 1e-12) for column in ("effect", "height"))
    placed: list[tuple[float, float]] = []
    for point in points.head(LABELLED).itertuples():
        x, y = point.effect / across, point.height / up
        if any(abs(x - a) < _APART[0] and abs(y - b) < _APART[1] for a, b in placed):
            continue
        placed.append((x, y))
        label = str(getattr(point, "name", "") or point.entity)
        axes.annotate(label, (point.effect, point.height), fontsize=7, xytext=(3, 2), textcoords="offset points")
