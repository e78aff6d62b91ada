"""Writes a part of a data set to a file of its own, so that any tool can be run on it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tools.analysis.findings import Subset

if TYPE_CHECKING:
    from anndata import AnnData


def write_subset(source: Path, subset: Subset, target: Path) -> Path:
    """Write the part of the data set `source` to `target`, if it isn't there; return `target`."""
    from tools.analysis.dataset.h5ad import read_dataset, write_dataset

    if target.exists():
        return target
    data = read_dataset(source)
    if subset.column:
        data = data[data.obs[subset.column].astype(str) == subset.level]
    if subset.without:
        data = data[:, data.var_names != subset.without]
    if subset.shuffled:
        data = _shuffle(data.copy(), subset)
    write_readable(target, lambda fresh: write_dataset(data.copy(), fresh))
    return target


def write_readable(target: Path, write: Callable[[Path], None]) -> None:
    """Write a file whole or not at all. The sandbox has a user of its own, who may read it; the folder above is
    closed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=target.suffix)
    os.close(handle)
    fresh = Path(name)
    try:
        write(fresh)
        fresh.chmod(0o644)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _shuffle(data: AnnData, subset: Subset) -> AnnData:
    """Permute a feature's values, and with them the metadata column of the same name. Missing ones move as well."""
    import numpy as np

    draw, order = np.random.default_rng(subset.seed), np.arange(data.n_obs)
    blocks = data.obs[subset.within].astype(str).to_numpy() if subset.within else np.zeros(data.n_obs)
    for block in np.unique(blocks):
        places = np.flatnonzero(blocks == block)
        order[places] = draw.permutation(places)
    place = data.var_names.get_loc(subset.shuffled)
    data.X[:, place] = data.X[order, place]
    if subset.shuffled in data.obs:
        data.obs[subset.shuffled] = data.obs[subset.shuffled].iloc[order].set_axis(data.obs_names)
    return data
