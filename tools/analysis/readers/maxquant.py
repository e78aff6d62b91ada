"""MaxQuant's proteinGroups.txt: LFQ intensities where it has them, else raw intensities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pelagos.errors import BadInput
from tools.analysis.readers.alphabase_matrix import drop_rows, read_matrix
from tools.analysis.readers.reading import Reading, make_reading
from tools.analysis.readers.table_file import read_header

MARKS = {
    "is_decoy": "rows of the reversed database",
    "contaminant": "rows of contaminants",
    "site": "rows identified by site only",
}


def recognise(columns: Sequence[str]) -> bool:
    return {"Protein IDs", "Reverse"} <= set(columns) and _find_regex(columns) is not None


def read(path: Path) -> Reading:
    """Contaminants, reversed sequences and groups identified only by a modified site are dropped. Raises BadInput."""
    regex = _find_regex(read_header(path))
    if regex is None:
        raise BadInput(f"{path}: no columns 'LFQ intensity SAMPLE' or 'Intensity SAMPLE'; export proteinGroups.txt")
    extra = {"contaminant": "Potential contaminant", "site": "Only identified by site", "description": "Protein names"}
    values, properties = read_matrix(path, "maxquant", regex, extra | {"proteins": "Majority protein IDs"})
    notes: list[str] = []
    values, properties = drop_rows(values, properties, MARKS, notes)
    leading = properties.get("proteins", properties["uniprot_ids"]).fillna(properties["uniprot_ids"])
    properties = properties.assign(ids=leading).rename(columns={"genes": "name"})
    return make_reading(values, properties, [re.sub(r"^(LFQ i|I)ntensity ", "", name) for name in values], notes)


def _find_regex(columns: Sequence[str]) -> str | None:
    """alphabase's name of the best measure that the file has."""
    for prefix, regex in (("LFQ intensity ", "lfq"), ("Intensity ", "raw")):
        if any(column.startswith(prefix) for column in columns):
            return regex
    return None
