"""Spectronaut: the pivot report of protein groups, or the long report (one line per run and group or precursor)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from tools.analysis.readers.alphabase_matrix import read_matrix
from tools.analysis.readers.reading import Reading, make_reading
from tools.analysis.readers.table_file import read_header, read_table_file

if TYPE_CHECKING:
    import pandas as pd

GROUP = "PG.ProteinGroups"
QUANTITY = r"^\[[0-9]+\].*\.PG\.(Quantity|IBAQ)$"  # a pivot report may hold other values of each run beside it
MAPPING = {
    "proteins": "PG.ProteinNames",
    "uniprot_ids": [GROUP, "PG.ProteinAccessions", "PG.UniProtIds"],
    "description": "PG.ProteinDescriptions",
}
RUNS = ("R.FileName", "R.Label", "R.Condition")


def recognise(columns: Sequence[str]) -> bool:
    return any(column.startswith("PG.Protein") for column in columns)


def read(path: Path) -> Reading:
    """Values "Filtered" are missing. Raises BadInput."""
    columns = read_header(path)
    run = next((name for name in RUNS if name in columns), None)
    if run is not None and "PG.Quantity" in columns:
        return _read_long(read_table_file(path), run)
    if not any(re.search(QUANTITY, column) for column in columns):
        raise BadInput(f"{path}: no columns '[1] RUN.PG.Quantity' and no 'R.FileName' with 'PG.Quantity'; export those")
    values, properties = read_matrix(path, "spectronaut", QUANTITY, MAPPING)
    properties = properties.rename(columns={"uniprot_ids": "ids", "genes": "name"})
    names = [re.sub(r"^\[[0-9]+\]\s*|\.PG\.[A-Za-z]+$", "", name) for name in values]
    return make_reading(values, properties, names, [])


def _read_long(report: pd.DataFrame, run: str) -> Reading:
    table = report.pivot_table(index=GROUP, columns=run, values="PG.Quantity", aggfunc="first", observed=True)
    rows = report.drop_duplicates(GROUP).set_index(GROUP).reindex(table.index)
    properties = rows.rename(columns={"PG.Genes": "name", "PG.ProteinDescriptions": "description"})
    properties = properties.assign(ids=table.index).reset_index(drop=True)
    return make_reading(table.reset_index(drop=True), properties, [str(name) for name in table], [])
