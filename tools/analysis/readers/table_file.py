"""Reads a file with one table: CSV, TSV, TXT, XLSX, Stata, Parquet. Refuses what is no table."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from pelagos.textfile import decode, read_bytes

if TYPE_CHECKING:
    import pandas as pd

MISSING = ["NaN", "nan", "NA", "N/A", "n/a", "NULL", "null", "", "#N/A", "#NUM!", "Filtered", "-", "."]
DELIMITERS = "\t,;|"
TEXT = (".csv", ".tsv", ".txt", ".tab", ".data", ".dat")


def read_table_file(path: Path) -> pd.DataFrame:
    """The table in `path` with its header as it stands. Raises BadInput, one line, where it holds none."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    reader = _binary_readers().get(path.suffix.lower())
    table = _read_binary(path, reader) if reader else _read_text(path)
    table.columns = [str(column).strip() for column in table.columns]
    if table.shape[0] < 2 or table.shape[1] < 2:
        rows, columns = table.shape
        raise BadInput(f"{path}: not a table: {rows} rows and {columns} columns were found; it needs two of each")
    return table


def read_header(path: Path) -> list[str]:
    """The column names of the table in `path`. Raises BadInput."""
    if path.suffix.lower() in _binary_readers():
        return [str(column) for column in read_table_file(path).columns]
    text = decode(read_bytes(path))
    first = text.split("\n", 1)[0]
    try:
        return [name.strip() for name in next(csv.reader([first], delimiter=_find_delimiter(text)), [])]
    except csv.Error as error:
        raise BadInput(f"{path}: not a table: {error}") from None


def to_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """`table` as float64; decimal commas are understood. Raises BadInput that names a cell that is no number."""
    import pandas as pd

    with contextlib.suppress(ValueError, TypeError):
        return table.astype("float64")
    columns = {
        place: _column_to_numbers(table.iloc[:, place], str(name)).astype("float64")
        for place, name in enumerate(table.columns)
    }
    return pd.DataFrame(columns, index=table.index).set_axis(table.columns, axis=1)


def guess_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with each column of text that holds numbers only as numbers."""
    import pandas as pd

    columns = {name: pd.to_numeric(table[name], errors="coerce") for name in table}
    kept = {str(name): new if new.notna().equals(table[name].notna()) else table[name] for name, new in columns.items()}
    return pd.DataFrame(kept, index=table.index)


def _column_to_numbers(column: pd.Series, name: str) -> pd.Series:
    import pandas as pd

    if column.dtype.kind in "iufb":
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    bad = numbers.isna() & column.notna()
    if bad.any():
        numbers = numbers.fillna(pd.to_numeric(column.astype(str).str.replace(",", ".", regex=False), errors="coerce"))
        bad = numbers.isna() & column.notna()
    if bad.any():
        row = column.index[bad][0]
        raise BadInput(f"column '{name}', row '{row}': '{column[bad].iloc[0]}' is no number; mend or empty the cell")
    return numbers


def _binary_readers() -> dict[str, Callable[[Path], pd.DataFrame]]:
    def read(name: str) -> Callable[[Path], pd.DataFrame]:
        import pandas as pd

        function: Callable[[Path], pd.DataFrame] = getattr(pd, name)
        return function

    return {
        ".xlsx": lambda path: read("read_excel")(path),
        ".xls": lambda path: read("read_excel")(path),
        ".dta": lambda path: read("read_stata")(path),
        ".parquet": lambda path: read("read_parquet")(path),
    }


def _read_binary(path: Path, reader: Callable[[Path], pd.DataFrame]) -> pd.DataFrame:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl: extensions of a workbook that hold no cells
            return reader(path)
    except ImportError as error:
        raise BadInput(f"{path}: reading it needs a package that is not here ({error.name}); save it as CSV") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: not a table: {' '.join(str(error).split())[:160]}") from None


def _read_text(path: Path) -> pd.DataFrame:
    import io

    import pandas as pd

    try:
        text = decode(read_bytes(path))
    except BadInput as error:
        raise BadInput(f"{path}: not a table: {error}") from None
    try:
        return pd.read_csv(
            io.StringIO(text), sep=_find_delimiter(text), na_values=MISSING, keep_default_na=False, low_memory=False
        )
    except (ValueError, pd.errors.ParserError, csv.Error) as error:
        raise BadInput(f"{path}: not a table: {' '.join(str(error).split())[:160]}") from None


def _find_delimiter(text: str) -> str:
    """The delimiter that parts the first lines into the same, largest number of fields."""
    lines = [line for line in text.split("\n", 12)[:12] if line.strip()][:10]
    counts = {mark: [_count_fields(line, mark) for line in lines] for mark in DELIMITERS}
    even = {mark: min(each) for mark, each in counts.items() if each and min(each) > 1}
    return max(even, key=lambda mark: even[mark]) if even else ","


def _count_fields(line: str, delimiter: str) -> int:
    return re.sub(r'"[^"]*"', "", line).count(delimiter) + 1
