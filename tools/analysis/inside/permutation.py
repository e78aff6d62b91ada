"""Permutes the labels of a column within the levels of another: the null control of an analysis."""

from collections.abc import Sequence
from typing import Any


def permute_labels(
    obs: Any, column: str, within: str | None, seed: int, together: Sequence[str], units: str | None = None
) -> None:
    """Permute in place. Samples without a label keep none; columns of `together` move with the label. Where each level
    of `units` (a subject with its cells) has one label, labels are dealt to these and not to samples."""
    import numpy as np

    columns = [column, *together]
    asked = [name for name in [*columns, within, units] if name]
    if missing := [name for name in asked if name not in obs]:
        raise KeyError(f"no column {', '.join(missing)} to permute")
    draw = np.random.default_rng(seed)
    first, unit_of = _find_units(obs, columns, units)
    known = obs[columns].iloc[first].notna().all(axis=1).to_numpy()
    blocks = obs[within].astype(str).to_numpy()[first] if within else np.zeros(len(first), dtype=int)
    order = np.arange(len(first))
    for block in np.unique(blocks):
        places = np.flatnonzero((blocks == block) & known)
        order[places] = draw.permutation(places)
    for name in columns:
        obs[name] = obs[name].iloc[first[order][unit_of]].set_axis(obs.index)


def _find_units(obs: Any, columns: Sequence[str], units: str | None) -> tuple[Any, Any]:
    """Return the place of each unit's first sample, and the number of each sample's unit. Samples without a unit, and
    all samples where the labels vary within one, are units of their own."""
    import numpy as np

    alone = np.arange(len(obs))
    if units is None:
        return alone, alone
    names = obs[units].astype("object")
    if (obs[list(columns)].astype("object").groupby(names).nunique(dropna=False) > 1).any(axis=None):
        return alone, alone
    keys = [f"sample {place}" if name != name or name is None else f"unit {name}" for place, name in enumerate(names)]
    _, first, unit_of = np.unique(keys, return_index=True, return_inverse=True)
    return first, unit_of
