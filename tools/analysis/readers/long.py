"""Generic long tables: one line per sample and feature. Which column is which is found out by name and content."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pelagos.errors import BadInput
from tools.analysis.readers.reading import Reading, make_unique
from tools.analysis.readers.table_file import read_table_file, to_numbers

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = ("sample", "sampleid", "run", "specimen", "aliquot", "filename", "file")
FEATURE = ("feature", "protein", "proteins", "gene", "analyte", "marker", "assay", "peptide", "metabolite", "variable",
           "target", "accession", "uniprot")  # fmt: skip
VALUE = ("value", "intensity", "abundance", "quantity", "expression", "level", "concentration", "signal", "npx",
         "amount", "log2")  # fmt: skip


class Roles(NamedTuple):
    """Names of the three columns of a long table."""

    sample: str
    feature: str
    value: str


def find_roles(table: pd.DataFrame, sample_ids: Collection[str] = ()) -> Roles | None:
    """None where the table is no long one: a column is missing, or samples and features do not repeat."""
    sample = _find(table, SAMPLE, numeric=None, repeats=True, ids=sample_ids)
    others = table.drop(columns=[sample]) if sample is not None else table
    feature = _find(others, FEATURE, numeric=False, repeats=True)
    value = _find(others, VALUE, numeric=True, repeats=None)
    if sample is None or feature is None or value is None:
        return None
    pairs = len(table[[sample, feature]].drop_duplicates())
    cells = table[sample].nunique() * table[feature].nunique()
    return Roles(sample, feature, value) if pairs > 0.1 * cells and pairs > 0.5 * len(table) else None


def read(path: Path, sample_ids: Collection[str] = ()) -> Reading:
    """Columns that are constant within a sample become its metadata. Raises BadInput."""
    table = read_table_file(path)
    roles = find_roles(table, sample_ids)
    if roles is None:
        raise BadInput(
            f"{path}: not a long table: it needs columns such as 'sample', 'protein' and 'intensity'; rename them"
        )
    table = table.dropna(subset=[roles.sample, roles.feature])
    table = table.assign(**{roles.sample: table[roles.sample].astype(str).str.strip()})
    if (repeated := table.duplicated([roles.sample, roles.feature])).any():
        first = table[repeated].iloc[0]
        pair = f"sample '{first[roles.sample]}', {roles.feature} '{first[roles.feature]}'"
        raise BadInput(f"{path}: {pair} stands there twice ({int(repeated.sum())} such lines); keep one of each")
    return _pivot(path, table, roles)


def _pivot(path: Path, table: pd.DataFrame, roles: Roles) -> Reading:
    import pandas as pd

    try:
        numbers = to_numbers(table[[roles.value]])[roles.value]
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    long = table.assign(**{roles.value: numbers})
    values = long.pivot(index=roles.sample, columns=roles.feature, values=roles.value).astype("float64")
    ids = [str(name).strip() for name in values.columns]
    features = pd.DataFrame({"ids": ids}, index=make_unique(ids))
    samples = _constant_columns(table, roles.sample, set(roles)).reindex(values.index)
    of_features = _constant_columns(table, roles.feature, {*roles, *samples.columns}).reindex(values.columns)
    symbol = next((name for name in map(str, of_features) if {"gene", "genes", "symbol"} & _words(name)), None)
    if symbol is not None:
        features["name"] = list(of_features[symbol])
    values.columns, values.index.name, samples.index.name = features.index, None, None
    notes = [f"columns read as sample, feature and value: {roles.sample}, {roles.feature}, {roles.value}"]
    return Reading(values, features, samples, notes=notes)


def _constant_columns(table: pd.DataFrame, key: str, other: set[str]) -> pd.DataFrame:
    """The columns that have one value within each `key`, one row per key."""
    candidates = [name for name in table if name not in other and name != key]
    counts: Any = table.groupby(key, observed=True)[candidates].nunique(dropna=False)
    kept = [name for name in candidates if bool((counts[name] <= 1).all())]
    return table.drop_duplicates(key).set_index(key)[kept]


def _find(
    table: pd.DataFrame, words: Collection[str], numeric: bool | None, repeats: bool | None, ids: Collection[str] = ()
) -> str | None:
    """The column that holds the most of `ids`, else the first one with one of `words` in its name that fits."""
    import pandas as pd

    fits = [
        str(name)
        for name in table
        if (numeric is None or pd.api.types.is_numeric_dtype(table[name]) is numeric)
        and (repeats is None or bool(table[name].duplicated().any()) is repeats)
    ]
    known = set(ids)
    held = {name: len(known & set(table[name].astype(str).unique())) for name in fits} if known else {}
    if held and max(held.values()) > 0:
        return max(held, key=lambda name: held[name])
    named = [(word, name) for word in words for name in fits if word in _words(name)]
    return named[0][1] if named else None


def _words(name: str) -> set[str]:
    parts = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower())
    return {*parts, "".join(parts)}
