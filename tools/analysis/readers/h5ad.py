"""AnnData files: values of X, or of `raw` where X was scaled. What others computed from them is left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.analysis.dataset.h5ad import read_dataset
from tools.analysis.readers.reading import Reading, make_unique

if TYPE_CHECKING:
    from anndata import AnnData


def read(path: Path) -> Reading:
    """Values that `log1p` made, with the base that the file names, are brought to log2(1 + x). Raises BadInput."""
    import numpy as np
    import pandas as pd

    data = read_dataset(path)
    notes: list[str] = []
    matrix, variables = _choose_values(data, notes)
    ids = [str(name) for name in variables.index]
    features = pd.DataFrame({"ids": ids}, index=make_unique(ids))
    for column in ("name", "ids", "description"):
        if column in variables:
            features[column] = list(variables[column].astype(str))
    values = pd.DataFrame(np.asarray(matrix, dtype="float64"), index=data.obs_names.astype(str), columns=features.index)
    scale: Any = _find_scale(data)
    if scale == "log1p":
        base = data.uns["log1p"].get("base")
        values, scale = values / np.log(2.0) if base is None else values * np.log2(float(base)), "log2"
        notes.append("values of log1p brought to log2(1 + x)")
    if dropped := [*data.obsm, *data.obsp]:
        notes.append(f"left out what was computed before: {', '.join(dropped)}")
    return Reading(values, features, data.obs.copy(), scale, False, notes)


def _choose_values(data: AnnData, notes: list[str]) -> tuple[Any, Any]:
    from scipy.sparse import issparse

    scaled = data.raw is not None and float(data.X.min()) < 0
    source = data.raw if scaled else data
    if scaled:
        notes.append("X has negative values (scaled); the values of `raw` were taken")
    matrix = source.X.toarray() if issparse(source.X) else source.X
    return matrix, source.var


def _find_scale(data: AnnData) -> str | None:
    """The scale that the file itself states."""
    states = set(data.uns.get("states", []))
    if "log2" in states:
        return "log2"
    if "raw" in states:
        return "raw"
    return "log1p" if "log1p" in data.uns and hasattr(data.uns["log1p"], "get") else None
