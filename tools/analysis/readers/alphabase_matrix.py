"""Protein-group matrices that alphabase reads: MaxQuant, DIA-NN and Spectronaut (measured on files of each).

alphabase maps the columns' names of the programs' versions. It takes 7 to 9 s to import, so it is imported here only.
Its FragPipe reader is not used: it looks for `Gene Names` where FragPipe writes `Gene`, and its `raw` pattern takes in
the MaxLFQ columns.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pelagos.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd


def read_matrix(path: Path, program: str, regex: str | None, extra: Mapping[str, object]) -> tuple[Any, Any]:
    """(values: groups x samples, properties of the groups), both with one row per line of the file.

    `regex` picks the columns with the samples' values (None: all that are no property). `extra`: name -> column of
    further properties. Raises BadInput where the file is no such matrix.
    """
    import pandas as pd
    from alphabase.pg_reader import pg_reader_provider

    options = {} if regex is None else {"measurement_regex": regex}
    reader = pg_reader_provider.get_reader(program, **options)
    reader.add_column_mapping(dict(extra))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where no column fits; that is refused below
            table = reader.import_file(str(path))
    except (KeyError, ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise BadInput(f"{path}: not a matrix of {program}: {' '.join(str(error).split())[:160]}") from None
    if table.empty or not {"uniprot_ids", "proteins"} & set(table.index.names):
        raise BadInput(f"{path}: not a matrix of {program}: no protein groups or no columns with values in it")
    properties = table.index.to_frame(index=False)
    return table.reset_index(drop=True), properties


def drop_rows(values: pd.DataFrame, properties: pd.DataFrame, marks: Mapping[str, str], notes: list[str]) -> Any:
    """(values, properties) without the rows that a column of `marks` (property -> word for the note) marks with "+"."""
    for column, word in marks.items():
        if column not in properties:
            continue
        marked = properties[column].astype(str).str.strip().isin(["+", "True"])
        if marked.any():
            notes.append(f"{int(marked.sum())} {word} dropped")
        values, properties = values[~marked], properties[~marked]
    return values, properties
