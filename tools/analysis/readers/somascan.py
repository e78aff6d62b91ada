"""SomaScan's ADAT: a text file with a header, a block of columns' properties on top and rows' properties at the left.

Layout (after `^TABLE_BEGIN`, tab-separated): some lines, one per property of the aptamers, whose values start to the
right of the properties' names; then one line with the names of the samples' properties; then one line per sample with
its properties and, under the aptamers, relative fluorescence units (raw).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.textfile import decode, read_bytes
from tools.analysis.readers.reading import Reading, make_unique
from tools.analysis.readers.table_file import to_numbers

BEGIN = "^TABLE_BEGIN"
MAGIC = ("!AdatId", "!Version", "^HEADER", "!Checksum")


def recognise(columns: Sequence[str]) -> bool:
    return bool(columns) and columns[0].startswith(MAGIC)


def read(path: Path) -> Reading:
    """Samples of type Sample only, human aptamers of type Protein only, where the file tells. Raises BadInput."""
    lines = [line.rstrip("\r") for line in decode(read_bytes(path)).split("\n")]
    begin = next((number for number, line in enumerate(lines) if line.startswith(BEGIN)), None)
    if begin is None:
        raise BadInput(f"{path}: no line {BEGIN}; name an ADAT file as SomaScan's software writes it")
    rows = [line.split("\t") for line in lines[begin + 1 :] if line.strip()]
    head = next((number for number, row in enumerate(rows) if row[0].strip()), None)
    if not head or len(rows) < head + 3:
        raise BadInput(f"{path}: no properties of aptamers or fewer than two samples below {BEGIN}; export it again")
    return _make_reading(path, rows[:head], rows[head], rows[head + 1 :])


def _make_reading(path: Path, top: list[list[str]], head: list[str], body: list[list[str]]) -> Reading:
    import pandas as pd

    left = next(number for number, cell in enumerate(top[0]) if cell.strip())  # the column with the properties' names
    features = pd.DataFrame({row[left].strip(): row[left + 1 :] for row in top})
    width = left + 1 + len(features)
    table = pd.DataFrame([(row + [""] * width)[:width] for row in body])
    samples = table.iloc[:, :left].set_axis([name.strip() for name in head[:left]], axis=1).replace("", None)
    values = to_numbers(table.iloc[:, left + 1 :].replace("", None))
    values.columns = range(len(features))
    notes: list[str] = []
    samples, values, features = _keep_wanted(samples, values, features, notes)
    ids = samples.get("SampleId", pd.Series(samples.index.astype(str), index=samples.index)).astype(str)
    if ids.duplicated().any():
        raise BadInput(f"{path}: SampleId '{ids[ids.duplicated()].iloc[0]}' stands there twice; keep one")
    return _name(samples, values, features, ids, notes)


def _name(samples, values, features, ids, notes) -> Reading:  # type: ignore[no-untyped-def]
    names = {"UniProt": "ids", "EntrezGeneSymbol": "name", "TargetFullName": "description"}
    keys = features["SeqId"] if "SeqId" in features else features.iloc[:, 0]
    known = features.rename(columns=names)[[new for old, new in names.items() if old in features]]
    known = known.set_axis(make_unique(list(keys.astype(str))), axis=0)
    known["ids"] = known["ids"].str.replace(r"[ ,|]+", ";", regex=True) if "ids" in known else ""
    values = values.set_axis(known.index, axis=1).set_axis(list(ids), axis=0)
    return Reading(values, known, samples.set_axis(list(ids), axis=0), "raw", True, notes)


def _keep_wanted(samples, values, features, notes):  # type: ignore[no-untyped-def]
    """The study's samples and the human proteins; controls of the assay are counted in `notes`."""
    if "SampleType" in samples and (samples["SampleType"] == "Sample").any():
        kept = samples["SampleType"] == "Sample"
        notes += [f"{int((~kept).sum())} control samples dropped"] if (~kept).any() else []
        samples, values = samples[kept], values[kept]
    if "Type" in features and (features["Type"] == "Protein").any():
        kept = features["Type"] == "Protein"
        if "Organism" in features:
            kept &= features["Organism"].isin(["Human", ""])
        notes += [f"{int((~kept).sum())} control aptamers dropped"] if (~kept).any() else []
        features, values = features[kept], values.loc[:, list(kept)]
    return samples, values, features
