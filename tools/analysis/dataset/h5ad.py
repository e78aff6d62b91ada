"""Reads and writes a data set as .h5ad. Annotations are kept as plain Python values.

X: samples x features, float64, NaN where a value is missing. obs: metadata, index = sample id. var: index = unique
feature id, column `name` (the symbol shown to people), optional `ids` (accessions joined by ";").
`uns["states"]`: list of states; `uns["kind"]`: "proteomics", "table" or "cells".
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from tools.analysis.states import State

if TYPE_CHECKING:
    from anndata import AnnData


def read_dataset(path: Path) -> AnnData:
    """The data set in `path`. Raises BadInput where the file is no .h5ad file or lacks what a data set has."""
    import anndata

    if not path.is_file():
        raise BadInput(f"{path}: no such file; name an .h5ad file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # files of older versions
            data = anndata.read_h5ad(path)
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: not an .h5ad file: {' '.join(str(error).split())[:160]}") from None
    data.uns["states"] = read_states(data)
    if "kind" in data.uns:
        data.uns["kind"] = str(data.uns["kind"])
    return data


def write_dataset(data: AnnData, path: Path) -> None:
    """Write `data` to `path`. Equal data give equal content, not equal bytes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Forward slashes")  # columns such as "a/b ratio" keep their names
        data.write_h5ad(path, compression="gzip")


def read_states(data: AnnData) -> list[str]:
    """The states in `uns`, in their recorded order. Raises BadInput for a word that is no state."""
    states = [str(state) for state in data.uns.get("states", [])]
    if unknown := sorted(set(states) - set(State)):
        raise BadInput(f"uns['states']: {', '.join(unknown)}: no such state; known: {', '.join(State)}")
    return states


def set_states(data: AnnData, states: Iterable[str]) -> None:
    data.uns["states"] = [str(State(state)) for state in states]
