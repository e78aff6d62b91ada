"""The tables of the data: which gold hypotheses there are, and a data set with permuted copies of the outcomes."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.textfile import read_bytes
from tools.analysis.dataset.h5ad import write_dataset
from tools.analysis.inside.permutation import permute_labels
from tools.analysis.task.task_data import Given, read_given


def name_copy(column: str, permutation: int) -> str:
    """The name of a permuted copy of a column."""
    return f"{column} permuted {permutation}"


def list_gold_files(data: Path) -> list[tuple[str, str]]:
    """Return (folder, metadata file) of every file with gold hypotheses below `data`. Raises BadInput where none is."""
    paths = sorted(data.glob("*/*/*/metadata_*.json"))
    if not paths:
        raise BadInput(f"{data}: no metadata_*.json three folders below; name the folder that holds real and synth")
    return [(str(path.parent.relative_to(data)), path.name) for path in paths if _has_queries(path)]


def find_table(folder: Path) -> Path:
    """The one table of a data set. Raises BadInput."""
    paths = sorted(folder.glob("*.csv"))
    if len(paths) != 1:
        raise BadInput(f"{folder}: {len(paths)} CSV files; one is wanted")
    return paths[0]


def write_with_copies(table: Path, outcomes: Collection[str], permutations: int, path: Path) -> None:
    """Write the table as a data set to `path`, with `permutations` permuted copies of each outcome. A numeric outcome
    is a feature, its copies too; missing values stay where they are."""
    import anndata
    import pandas as pd

    data = read_given(Given(table, format="table"), "table")[0]
    copies = {name_copy(name, number): (name, number) for name in outcomes for number in range(permutations)}
    obs, values = data.obs.copy(), data.to_df()
    drawn = pd.DataFrame({copy: obs[name] for copy, (name, _) in copies.items()})
    for copy, (_, number) in copies.items():
        permute_labels(drawn, copy, None, number, ())
    numeric = [copy for copy, (name, _) in copies.items() if name in data.var_names]
    features = pd.concat([values, drawn[numeric].astype("float64")], axis=1)
    var = pd.DataFrame({"name": features.columns}, index=features.columns)
    made = anndata.AnnData(features.to_numpy(dtype="float64"), pd.concat([obs, drawn], axis=1), var)
    made.uns.update(states=list(data.uns["states"]), kind="table")
    write_dataset(made, path)


def _has_queries(path: Path) -> bool:
    raw = read_bytes(path)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252")  # some of the files were saved so
    return bool(json.loads(text)["queries"])
