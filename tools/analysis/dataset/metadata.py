"""Metadata of samples: read, matched to the samples by the column that holds their ids, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from tools.analysis.dataset.levels import format_level
from tools.analysis.readers.reading import clean_sample, make_unique
from tools.analysis.readers.table_file import read_table_file

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5


def read_metadata(path: Path) -> pd.DataFrame:
    """One row per sample; columns as they stand, empty ones dropped. Raises BadInput."""
    table = read_table_file(path)
    table.columns = make_unique([str(name) for name in table.columns])
    return table.dropna(axis=1, how="all")


def collect_ids(metadata: pd.DataFrame) -> set[str]:
    """Every value of every column with unique values: one of these columns holds the samples' ids."""
    columns = [name for name in metadata if metadata[name].dropna().is_unique]
    return {text for name in columns for text in _to_texts(metadata[name])}


def match_metadata(metadata: pd.DataFrame, samples: Sequence[str], column: str | None, path: Path) -> pd.DataFrame:
    """The metadata in the order of `samples`. `column` holds the ids; None: the one that fits best.

    Raises BadInput: samples without metadata (which ones), a repeated id, a column that is not there.
    """
    column = _find_id_column(metadata, samples, column, path)
    ids = [clean_sample(text) for text in _to_texts(metadata[column])]
    table = metadata.drop(columns=[column]).set_axis(ids, axis=0)
    if repeated := sorted({name for name in ids if ids.count(name) > 1} & set(samples)):
        raise BadInput(f"{path}: sample '{repeated[0]}' has two rows in column '{column}'; keep one")
    if lacking := [name for name in samples if name not in table.index]:
        raise BadInput(
            f"{path}: no row in column '{column}' for {len(lacking)} of {len(samples)} samples: {_show(lacking)}; "
            f"add rows, or `data: {{unmatched: drop}}` to leave these samples out"
        )
    return table.loc[list(samples)]


def find_unmatched(metadata: pd.DataFrame, samples: Sequence[str], column: str | None, path: Path) -> list[str]:
    """The samples that have no row. Raises BadInput where no sample has one."""
    column = _find_id_column(metadata, samples, column, path)
    known = {clean_sample(text) for text in _to_texts(metadata[column])}
    return [name for name in samples if name not in known]


def _find_id_column(metadata: pd.DataFrame, samples: Sequence[str], column: str | None, path: Path) -> str:
    if column is not None:
        if column not in metadata:
            raise BadInput(
                f"{path}: no column '{column}' with sample ids; there are: {_show([str(name) for name in metadata])}"
            )
        return column
    wanted = set(samples)
    hits = {str(name): len(wanted & {clean_sample(text) for text in _to_texts(metadata[name])}) for name in metadata}
    best = max(hits, key=lambda name: hits[name])
    if not hits[best]:
        examples = _show([str(value) for value in metadata.iloc[:, 0]])
        raise BadInput(
            f"{path}: no column holds the ids of the samples; the data have {_show(list(samples))}, "
            f"the metadata {examples}; make the ids equal"
        )
    return best


def _to_texts(column: pd.Series) -> list[str]:
    return [format_level(value) for value in column]


def _show(names: Sequence[str]) -> str:
    return ", ".join(str(name) for name in names[:SHOWN]) + (f" ... ({len(names)})" if len(names) > SHOWN else "")
