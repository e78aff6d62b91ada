"""Writes a part of a data set to a file of its own, so that any tool can be run on it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tools.analysis.findings import Subset


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
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".h5ad")
    os.close(handle)
    fresh = Path(name)
    try:
        write_dataset(data.copy(), fresh)
        fresh.chmod(0o644)  # the sandbox has a user of its own; the folder above is closed
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return target
