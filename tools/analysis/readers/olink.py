"""Olink's NPX in long format: one line per sample and assay. NPX are log2 values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from tools.analysis.readers.reading import Reading, make_unique
from tools.analysis.readers.table_file import read_table_file, to_numbers

if TYPE_CHECKING:
    import pandas as pd

NEEDED = {"SampleID", "OlinkID", "NPX"}


def recognise(columns: Sequence[str]) -> bool:
    return set(columns) >= NEEDED


def read(path: Path) -> Reading:
    """Control samples and control assays are dropped; values whose QC failed are missing. Raises BadInput."""
    table = read_table_file(path)
    if lacks := sorted(NEEDED - set(table.columns)):
        raise BadInput(
            f"{path}: no column {', '.join(lacks)}; export NPX in long format with SampleID, OlinkID and NPX"
        )
    notes: list[str] = []
    table = _drop_controls(table, notes)
    values = to_numbers(table[["NPX"]])["NPX"]
    failed = _find_failed(table)
    if failed.any():
        notes.append(f"{int(failed.sum())} values whose QC failed read as missing")
    table = table.assign(NPX=values.mask(failed), SampleID=table["SampleID"].astype(str))
    if (repeated := table.duplicated(["SampleID", "OlinkID"])).any():
        first = table[repeated].iloc[0]
        raise BadInput(f"{path}: sample '{first['SampleID']}', assay '{first['OlinkID']}' stands there twice; keep one")
    return _pivot(table, notes)


def _pivot(table: pd.DataFrame, notes: list[str]) -> Reading:
    matrix = table.pivot(index="SampleID", columns="OlinkID", values="NPX")
    assays = table.drop_duplicates("OlinkID").set_index("OlinkID").reindex(matrix.columns)
    features = assays.rename(columns={"UniProt": "ids", "Assay": "name"})[
        [name for name, column in (("ids", "UniProt"), ("name", "Assay")) if column in assays]
    ]
    features.index = make_unique([str(name) for name in features.index])
    matrix.columns = features.index
    samples = table.drop_duplicates("SampleID").set_index("SampleID").reindex(matrix.index)
    return Reading(matrix, features, samples[[c for c in ("PlateID",) if c in samples]], "log2", False, notes)


def _drop_controls(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    kinds = (("SampleType", "SAMPLE", "control samples"), ("Sample_Type", "SAMPLE", "control samples"))
    for column, wanted, word in (*kinds, ("AssayType", "assay", "control assays")):
        if column in table:
            other = table[column].astype(str).str.lower() != wanted.lower()
            if other.any():
                notes.append(f"{int(other.sum())} lines of {word} dropped")
            table = table[~other]
    return table


def _find_failed(table: pd.DataFrame) -> pd.Series:
    import pandas as pd

    failed = pd.Series(False, index=table.index)
    for column in ("QC_Warning", "Assay_Warning", "SampleQC", "AssayQC"):
        if column in table:
            failed |= table[column].astype(str).str.upper().isin(["FAIL"])
    return failed
