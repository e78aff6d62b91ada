"""DIA-NN: the matrix of protein groups (report.pg_matrix.tsv), or the long main report (report.tsv, report.parquet)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tools.analysis.readers.alphabase_matrix import read_matrix
from tools.analysis.readers.reading import Reading, make_reading
from tools.analysis.readers.table_file import read_header, read_table_file

if TYPE_CHECKING:
    import pandas as pd

MAX_Q = 0.01
QUANTITIES = ("PG.MaxLFQ", "PG.Quantity")
Q_VALUES = ("PG.Q.Value", "Lib.PG.Q.Value", "Global.PG.Q.Value")
EXTRA = {"description": "First.Protein.Description"}


def recognise(columns: Sequence[str]) -> bool:
    return "Protein.Group" in columns and bool({"Genes", "Protein.Ids", "Protein.Names"} & set(columns))


def read(path: Path) -> Reading:
    """Raises BadInput where the file is neither matrix nor report."""
    columns = read_header(path)
    if "Run" in columns and any(quantity in columns for quantity in QUANTITIES):
        return _read_report(read_table_file(path))
    values, properties = read_matrix(path, "diann", None, EXTRA)
    values = values.select_dtypes("number")  # columns of newer versions that are neither property nor sample
    properties = properties.rename(columns={"uniprot_ids": "ids", "genes": "name"})
    return make_reading(values, properties, [str(name) for name in values], [])


def _read_report(report: pd.DataFrame) -> Reading:
    """One value per run and group: a report repeats the group's quantity in each of its precursors' lines."""
    quantity = next(name for name in QUANTITIES if name in report)
    notes = [f"{quantity} of {report['Run'].nunique()} runs taken"]
    for column in (name for name in Q_VALUES if name in report):
        report = report[~(report[column] > MAX_Q)]
    notes.append(f"values with a q-value of their group above {MAX_Q} dropped")
    table = report.pivot_table(index="Protein.Group", columns="Run", values=quantity, aggfunc="first", observed=True)
    genes = report.drop_duplicates("Protein.Group").set_index("Protein.Group").reindex(table.index)
    properties = genes.rename(columns={"Genes": "name", "First.Protein.Description": "description"})
    properties = properties.assign(ids=table.index).reset_index(drop=True)
    return make_reading(table.reset_index(drop=True), properties, [str(name) for name in table], notes)
