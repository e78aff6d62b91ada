"""AnnData files: values of X, or of `raw` where X was scaled. What others computed from them is left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.analysis.dataset.h5ad import read_dataset
from tools.analysis.readers.reading import Reading, Scale, make_unique

if TYPE_CHECKING:
    from anndata import AnnData


def read(path: Path) -> Reading:
    """Raises BadInput."""
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
    if dropped := [*data.obsm, *data.obsp]:
        notes.append(f"left out what was computed before: {', '.join(dropped)}")
    return Reading(values, features, data.obs.copy(), _find_scale(data), False, notes)


def _choose_values(data: AnnData, notes: list[str]) -> tuple[Any, Any]:
    from scipy.sparse import issparse

    scaled = data.raw is not None and float(data.X.min()) < 0
    source = data.raw if scaled else data
    if scaled:
        notes.append("X has negative values (scaled); the values of `raw` were taken")
    matrix = source.X.toarray() if issparse(source.X) else source.X
    return matrix, source.var


def _find_scale(data: AnnData) -> Scale | None:
    """The scale that the file itself states: by its states, or by scanpy's mark of log1p with the natural base."""
    states = set(data.uns.get("states", []))
    if states & {"log2", "raw"}:
        return "log2" if "log2" in states else "raw"
    mark = data.uns.get("log1p")
    natural = hasattr(mark, "get") and mark.get("base") is None
    return "log1p" if natural else None
