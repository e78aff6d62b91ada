"""Generic wide tables: samples x features or features x samples; which of the two is found out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from tools.analysis.readers.reading import Reading, make_unique
from tools.analysis.readers.table_file import read_table_file, to_numbers

if TYPE_CHECKING:
    import pandas as pd

ACCESSION = re.compile(r"(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})(?:-\d+)?")
SYMBOL = re.compile(
    r"(?![A-Z]{1,3}0\d+$|[A-Z]\d+$)[A-Z][A-Z0-9]{1,9}(?:-[A-Z0-9]{1,4})?|C\d+orf\d+"
)  # S01, S1: samples
NAME_WORDS = ("gene", "symbol", "genes")
ID_WORDS = ("protein", "accession", "uniprot", "proteins", "entry")
MOST = 0.5
MANY = 30  # names


def read(path: Path, sample_ids: Collection[str] = (), metadata_columns: Collection[str] = ()) -> Reading:
    """`sample_ids`: ids that the metadata may use; they tell which way the table lies. Raises BadInput."""
    table = read_table_file(path)
    try:
        if lies_samples_down(table, sample_ids):
            return _read_samples_down(table, sample_ids, metadata_columns)
        return _read_features_down(table)
    except BadInput as error:
        raise BadInput(*(f"{path}: {fault}" for fault in error.faults)) from None


def lies_samples_down(table: pd.DataFrame, sample_ids: Collection[str]) -> bool:
    """Whether each row is a sample: by the metadata's ids, else by names that look like proteins, else by shape."""
    known = set(sample_ids)
    across = len(known & set(table.columns))
    down = max(len(known & set(table[column].astype(str))) for column in table.columns[:3])
    if across or down:
        return down >= across
    named_across = share_like_proteins([str(column) for column in table.columns[1:]])
    named_down = max(share_like_proteins(list(table[column].astype(str))) for column in table.columns[:2])
    if max(named_across, named_down) >= MOST:
        return named_across >= named_down
    return bool(table.shape[0] <= table.shape[1])


def look_like_proteins(names: Sequence[str]) -> bool:
    """Whether names are proteins': most are accessions, or many are like gene symbols, as GENDER and AGE are too."""
    firsts = [_first_part(name) for name in names]
    accessions = sum(ACCESSION.fullmatch(first) is not None for first in firsts)
    return accessions > MOST * len(names) or (len(names) >= MANY and share_like_proteins(names) > MOST)


def share_like_proteins(names: Sequence[str]) -> float:
    """The share of names that begin with a UniProt accession or look like a gene symbol."""
    parts = [_first_part(name) for name in names]
    hits = sum(1 for part in parts if ACCESSION.fullmatch(part) or SYMBOL.fullmatch(part))
    return hits / max(len(names), 1)


def _first_part(name: str) -> str:
    return re.split(r"[;|,\s]", name.removeprefix("sp|").removeprefix("tr|"))[0]


def _read_samples_down(table: pd.DataFrame, known: Collection[str], metadata_columns: Collection[str]) -> Reading:
    id_column = _find_id_column(table, set(known))
    rest = table.drop(columns=[id_column])
    words = [str(name) for name in rest if name in metadata_columns or not _mostly_numbers(rest[name])]
    ids = _unique_samples([str(value).strip() for value in table[id_column]])
    values = to_numbers(rest.drop(columns=words).set_axis(ids, axis=0))
    features = _describe(list(values.columns))
    return Reading(values.set_axis(features.index, axis=1), features, rest[words].set_axis(ids, axis=0))


def _read_features_down(table: pd.DataFrame) -> Reading:
    words = [str(name) for name in table if not _mostly_numbers(table[name])] or [str(table.columns[0])]
    ids = _column_with(words, ID_WORDS) or words[0]
    symbols = _column_with([word for word in words if word != ids], NAME_WORDS)
    notes = []
    unnamed = table[ids].isna()
    if unnamed.any():
        notes.append(f"{int(unnamed.sum())} rows without a name in '{ids}' dropped")
        table = table[~unnamed]
    features = _describe(list(table[ids].astype(str).str.strip()))
    if symbols is not None:
        features["name"] = list(table[symbols])
    numbers = table.drop(columns=words)
    numbers.columns = _unique_samples([str(name).strip() for name in numbers.columns])
    values = to_numbers(numbers.set_axis(features.index, axis=0)).T
    import pandas as pd

    return Reading(values, features, pd.DataFrame(index=values.index), notes=notes)


def _describe(names: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"ids": names}, index=make_unique(names))


def _find_id_column(table: pd.DataFrame, known: set[str]) -> str:
    """The column among the first three that holds most of the known ids, else the first with unique values."""
    first = [str(column) for column in table.columns[:3]]
    if known:
        return max(first, key=lambda name: len(known & set(table[name].astype(str))))
    return next((name for name in first if table[name].is_unique and not _fractions(table[name])), first[0])


def _unique_samples(names: Sequence[str]) -> list[str]:
    repeated = sorted({name for name in names if list(names).count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise BadInput(f"sample '{repeated[0]}' stands there twice; sample ids must differ")
    return list(names)


def _mostly_numbers(column: pd.Series) -> bool:
    """Whether most values are numbers: a stray word in a column of numbers is a fault, not metadata."""
    import pandas as pd

    if column.dtype.kind in "iuf":
        return True
    if column.dtype.kind == "b" or isinstance(column.dtype, pd.CategoricalDtype):
        return False
    present = column.dropna().astype(str).str.replace(",", ".", regex=False)
    return len(present) > 0 and float(pd.to_numeric(present, errors="coerce").notna().mean()) > MOST


def _fractions(column: pd.Series) -> bool:
    return column.dtype.kind == "f" and bool((column.dropna() % 1 != 0).any())


def _column_with(columns: Sequence[str], words: Sequence[str]) -> str | None:
    return next((name for name in columns if set(re.split(r"[^a-z]+", str(name).lower())) & set(words)), None)
