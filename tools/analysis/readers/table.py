"""A plain data table: each row is a sample. All columns are metadata; the numeric ones are features too."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from tools.analysis.readers.reading import Reading, make_unique
from tools.analysis.readers.table_file import read_table_file

if TYPE_CHECKING:
    import pandas as pd

ID_NAMES = {"id", "sample", "sample id", "sampleid", "sample_id", "subject", "name", "unnamed: 0", "index"}


def read(path: Path, metadata_columns: Collection[str] = ()) -> Reading:
    """Numeric columns are features unless `metadata_columns` names them; constant and empty ones are left out."""
    table = read_table_file(path)
    table.columns = make_unique([str(name) for name in table.columns])
    if missing := sorted(set(metadata_columns) - set(table.columns)):
        raise BadInput(f"{path}: no column '{missing[0]}', which metadata_columns names; mend the name")
    id_column = _find_id_column(table)
    ids = [f"row {number}" for number in range(1, len(table) + 1)] if id_column is None else _to_ids(table[id_column])
    table = (table if id_column is None else table.drop(columns=[id_column])).set_axis(ids, axis=0)
    empty = [str(name) for name in table if table[name].nunique(dropna=True) < 2]
    notes = [f"columns with one value or none left out: {', '.join(empty[:8])}"] if empty else []
    table = table.drop(columns=empty)
    numeric = [str(name) for name in table if table[name].dtype.kind in "iuf" and name not in metadata_columns]
    if not numeric:
        raise BadInput(f"{path}: no column of numbers; it needs one at least")
    import pandas as pd

    features = pd.DataFrame({"name": numeric}, index=numeric)
    return Reading(table[numeric].astype("float64"), features, table, zeros_missing=False, scale="raw", notes=notes)


def _find_id_column(table: pd.DataFrame) -> str | None:
    """The first column with unique values that are words, or whose name says that they are ids."""
    for name in table.columns[:2]:
        column = table[name]
        if column.is_unique and column.notna().all() and (column.dtype == object or name.lower() in ID_NAMES):
            return str(name)
    return None


def _to_ids(column: pd.Series) -> list[str]:
    return [str(value).strip() for value in column]
