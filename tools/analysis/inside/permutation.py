"""Permutes the labels of a column within the levels of another: the null control of an analysis."""

from collections.abc import Sequence
from typing import Any


def permute_labels(obs: Any, column: str, within: str | None, seed: int, together: Sequence[str]) -> None:
    """Permute in place. Samples without a label keep none; columns of `together` move with the label."""
    import numpy as np

    columns = [column, *together]
    if missing := [name for name in [*columns, *([within] if within else [])] if name not in obs]:
        raise KeyError(f"no column {', '.join(missing)} to permute")
    draw = np.random.default_rng(seed)
    known = obs[columns].notna().all(axis=1).to_numpy()
    blocks = obs[within].astype(str).to_numpy() if within else np.zeros(len(obs), dtype=int)
    order = np.arange(len(obs))
    for block in np.unique(blocks):
        places = np.flatnonzero((blocks == block) & known)
        order[places] = draw.permutation(places)
    for name in columns:
        obs[name] = obs[name].iloc[order].set_axis(obs.index)
