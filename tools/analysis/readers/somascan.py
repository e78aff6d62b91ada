"""SomaScan's ADAT: a text file with a header, a block of columns' properties on top and rows' properties at the left.

Layout (after `^TABLE_BEGIN`, tab-separated): some lines, one per property of the aptamers, whose values start to the
right of the properties' names; then one line with the names of the samples' properties; then one line per sample with
its properties and, under the aptamers, relative fluorescence units (raw).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.errors import BadInput
from pelagos.textfile import decode, read_bytes
from tools.analysis.readers.reading import Reading, make_unique
from tools.analysis.readers.table_file import guess_numbers, to_numbers

if TYPE_CHECKING:
    import pandas as pd

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
    values = to_numbers(table.iloc[:, left + 1 :].replace("", None)).set_axis(features.index, axis=1)
    notes: list[str] = []
    studied, human = _find_studied(samples, notes), _find_human(features, notes)
    return _name(path, samples[studied], values.loc[studied, human], features[human], notes)


def _find_studied(samples: pd.DataFrame, notes: list[str]) -> list[bool]:
    """Which rows are samples of the study, not controls of the assay; all where the file does not tell."""
    if "SampleType" not in samples or not (samples["SampleType"] == "Sample").any():
        return [True] * len(samples)
    kept = list(samples["SampleType"] == "Sample")
    if controls := kept.count(False):
        notes.append(f"{controls} control samples dropped")
    return kept


def _find_human(features: pd.DataFrame, notes: list[str]) -> list[bool]:
    """Which aptamers bind human proteins; all where the file does not tell."""
    if "Type" not in features or not (features["Type"] == "Protein").any():
        return [True] * len(features)
    organisms = list(features["Organism"]) if "Organism" in features else [""] * len(features)
    kept = [kind == "Protein" and of in ("Human", "") for kind, of in zip(features["Type"], organisms, strict=True)]
    if controls := kept.count(False):
        notes.append(f"{controls} control aptamers dropped")
    return kept


def _name(path: Path, samples: pd.DataFrame, values: pd.DataFrame, features: pd.DataFrame, notes: list[str]) -> Reading:
    ids = [str(name) for name in samples.get("SampleId", samples.index)]
    if repeated := sorted({name for name in ids if ids.count(name) > 1}):
        raise BadInput(f"{path}: SampleId '{repeated[0]}' stands there twice; keep one")
    names = {"UniProt": "ids", "EntrezGeneSymbol": "name", "TargetFullName": "description"}
    keys = features["SeqId"] if "SeqId" in features else features.iloc[:, 0]
    known = features.rename(columns=names)[[new for old, new in names.items() if old in features]]
    known = known.set_axis(make_unique([str(key) for key in keys]), axis=0)
    if "ids" in known:
        known["ids"] = [";".join(text.replace(",", " ").replace("|", " ").split()) for text in known["ids"]]
    values = values.set_axis(known.index, axis=1).set_axis(ids, axis=0)
    return Reading(values, known, guess_numbers(samples).set_axis(ids, axis=0), "raw", True, notes)
