"""Draws a volcano plot of a statistics table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ALPHA, LABELLED = 0.05, 10


def draw_volcano(table: pd.DataFrame, effect: str) -> Figure:
    """Effect against -log10 p; rows with q < 0.05 are coloured, the ten smallest p-values are named."""
    import matplotlib.pyplot as plt
    import numpy as np

    tested = table[table["p"].notna()]
    height = -np.log10(tested["p"].clip(lower=1e-300))
    found = tested["q"] < ALPHA
    colours = np.where(~found, "0.7", np.where(tested["effect"] > 0, "tab:red", "tab:blue"))
    figure, axes = plt.subplots(figsize=(6, 5))
    axes.scatter(tested["effect"], height, s=12, c=colours, linewidths=0)
    for index in tested.index[:LABELLED]:
        label = str(tested.at[index, "name"] if "name" in tested else tested.at[index, "entity"])
        axes.annotate(
            label, (tested.at[index, "effect"], height[index]), fontsize=7, xytext=(3, 2), textcoords="offset points"
        )
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set(xlabel=effect, ylabel="-log10 p", title=f"{int(found.sum())} of {len(tested)} tested with q < {ALPHA}")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
