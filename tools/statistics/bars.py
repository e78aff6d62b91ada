"""Draws the effects of the first rows of a statistics table, with their 95 % intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SHOWN, ALPHA, LABEL_CHARS = 15, 0.05, 45


def draw_effects(table: pd.DataFrame, effect: str) -> Figure:
    """A line per row, the smallest p on top; rows with q < 0.05 are coloured by direction."""
    import matplotlib.pyplot as plt
    import numpy as np

    rows = table[table["p"].notna()].head(SHOWN).iloc[::-1].reset_index(drop=True)
    found = rows["q"] < ALPHA
    colours = np.where(~found, "0.6", np.where(rows["effect"] > 0, "tab:red", "tab:blue"))
    figure, axes = plt.subplots(figsize=(7, 0.6 + 0.32 * max(len(rows), 2)))
    axes.hlines(rows.index, rows["low"], rows["high"], colors=colours, linewidth=1.5)
    axes.scatter(rows["effect"], rows.index, c=colours, s=28, zorder=3)
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    names = rows["name"].where(rows["name"] != "", rows["entity"]) if "name" in rows else rows["entity"]
    labels = [f"{str(name)[:LABEL_CHARS]}  (q {q:.2g})" for name, q in zip(names, rows["q"], strict=True)]
    axes.set_yticks(rows.index, labels, fontsize=8)
    axes.set(xlabel=effect, title=f"{len(rows)} of {len(table)} rows, smallest p first")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
