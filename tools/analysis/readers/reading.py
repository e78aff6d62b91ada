"""What a reader returns: values, what is known of features and samples, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Scale = Literal["raw", "log2", "log1p"]  # log1p: ln(1 + x)


@dataclass
class Reading:
    """A file as it was read.

    `values`: samples x features, float64; index = sample id, columns = feature id as the file has it.
    `features`: index = columns of `values`; optional columns `ids` (accessions joined by ";") and `name`.
    `samples`: metadata that stands in the file itself; index = index of `values`.
    `scale`: where the format fixes it. `zeros_missing`: whether 0 means that nothing was measured; None: not known.
    `notes`: one line for each thing that was dropped or converted.
    """

    values: pd.DataFrame
    features: pd.DataFrame
    samples: pd.DataFrame
    scale: Scale | None = None
    zeros_missing: bool | None = None
    notes: list[str] = field(default_factory=list)


def make_reading(values: pd.DataFrame, properties: pd.DataFrame, names: Sequence[str], notes: list[str]) -> Reading:
    """The reading of a matrix of intensities: `values` groups x samples, `properties` of the groups in the same order
    (`ids`, optional `name` and `description`), `names` of the samples. 0 means that nothing was measured."""
    import pandas as pd

    ids = properties["ids"].astype(str)
    kept = properties[[column for column in ("ids", "name", "description") if column in properties]]
    features = kept.set_axis(make_unique(list(ids)), axis=0)
    matrix = values.set_axis(features.index, axis=0).set_axis([clean_sample(name) for name in names], axis=1).T
    return Reading(
        matrix.astype("float64"),
        features,
        pd.DataFrame(index=matrix.index),
        scale=None,
        zeros_missing=True,
        notes=notes,
    )


def make_unique(names: Sequence[str]) -> list[str]:
    """The names in order; the second X becomes X.2, or the next number that is free."""
    taken, seen, unique = set(names), dict.fromkeys(names, 0), []
    for name in names:
        seen[name] += 1
        number, candidate = seen[name], name
        while number > 1 and (candidate := f"{name}.{number}") in taken:
            number += 1
        seen[name] = number
        taken.add(candidate)
        unique.append(candidate)
    return unique


def clean_sample(name: str) -> str:
    """A sample's name without the folder and the ending of the raw file that it was measured in."""
    plain = re.split(r"[\\/]", name.strip())[-1]
    return re.sub(r"\.(raw|mzml|wiff|d|dia|htrms)$", "", plain, flags=re.IGNORECASE)
