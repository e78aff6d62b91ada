"""FragPipe's combined_protein.tsv: MaxLFQ intensities where it has them, else intensities. Read with pandas.

alphabase's reader loses the gene symbols of this file and mixes the measures (see alphabase_matrix).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pelagos.errors import BadInput
from tools.analysis.readers.reading import Reading, make_reading
from tools.analysis.readers.table_file import read_table_file, to_numbers

MEASURES = (" MaxLFQ Intensity", " Intensity")
OTHER = (" Unique Intensity", " Total Intensity", " Razor Intensity", " MaxLFQ Unique Intensity")
FOREIGN = r"^(?:rev_|contam_|Cont_)|\|(?:contam|CON)_"


def recognise(columns: Sequence[str]) -> bool:
    return {"Protein", "Protein ID", "Entry Name"} <= set(columns) and any(_measured(columns, m) for m in MEASURES)


def read(path: Path) -> Reading:
    """Decoys and contaminants are dropped. Raises BadInput."""
    table = read_table_file(path)
    suffix = next((measure for measure in MEASURES if _measured(list(table.columns), measure)), None)
    if suffix is None or "Protein ID" not in table:
        raise BadInput(
            f"{path}: no 'Protein ID' or no columns 'SAMPLE Intensity'; take FragPipe's combined_protein.tsv"
        )
    foreign = table["Protein"].astype(str).str.contains(FOREIGN, regex=True)
    notes = [f"{int(foreign.sum())} rows of decoys and contaminants dropped"] if foreign.any() else []
    table = table[~foreign].reset_index(drop=True)
    columns = _measured(list(table.columns), suffix)
    names = {"Protein ID": "ids", "Gene": "name", "Description": "description"}
    return make_reading(
        to_numbers(table[columns]), table.rename(columns=names), [name.removesuffix(suffix) for name in columns], notes
    )


def _measured(columns: Sequence[str], suffix: str) -> list[str]:
    """The columns of one measure: `S1 Intensity` is none of `S1 MaxLFQ Intensity`."""
    longer = [other for other in (*MEASURES, *OTHER) if other != suffix and other.endswith(suffix)]
    return [name for name in columns if name.endswith(suffix) and not name.endswith(tuple(longer))]
