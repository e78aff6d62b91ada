"""Makes the data set out of what was read: missing values, scale, names, metadata; states what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pelagos.errors import BadInput
from tools.analysis.dataset.accessions import split_group
from tools.analysis.dataset.h5ad import set_states
from tools.analysis.dataset.scale import find_scale
from tools.analysis.dataset.symbols import Symbol, name_group
from tools.analysis.readers.reading import Reading, make_unique
from tools.analysis.states import Kind

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

SHOWN = 5


def assemble(
    reading: Reading, kind: Kind, metadata: pd.DataFrame | None, scale: str | None, symbols: Mapping[str, Symbol] | None
) -> AnnData:
    """`metadata`: rows in the samples' order. Notes are in `uns["notes"]`. Raises BadInput, a line per fault."""
    import anndata

    notes = list(reading.notes)
    values = _mark_missing(reading, kind, notes)
    values, features = _drop_empty(values, reading.features, notes)
    state = _choose_scale(values, reading, kind, scale, notes)
    if state == "log1p":
        values, state = values / np.log(2.0), "log2"
        notes.append("values of log1p brought to log2(1 + x)")
    names = _name_features(features, kind, symbols, notes)
    obs = _tidy(reading.samples if metadata is None else _join(reading.samples, metadata))
    data = anndata.AnnData(values.to_numpy(dtype="float64"), obs=obs.set_axis(list(values.index), axis=0), var=names)
    data.uns["kind"] = kind
    data.uns["notes"] = notes
    set_states(data, [state])
    return data


def _mark_missing(reading: Reading, kind: Kind, notes: list[str]) -> pd.DataFrame:
    """Zeros of intensities are values that were not measured; infinite values are missing."""
    values = reading.values.replace([np.inf, -np.inf], np.nan)
    zeros = values == 0
    count = int(zeros.to_numpy().sum())
    intensities = reading.zeros_missing
    if intensities is None:
        intensities = kind == "proteomics" and not bool((values < 0).to_numpy().any())
    if not intensities or not count:
        return values
    notes.append(f"{count} zeros ({count / values.size:.0%} of the values) read as missing")
    return values.mask(zeros)


def _drop_empty(values: pd.DataFrame, features: pd.DataFrame, notes: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Without features that no sample has. Raises BadInput where a sample or the whole table has no value."""
    empty = values.isna().all(axis=0)
    if empty.all():
        raise BadInput("all values are missing: no feature has a number in any sample; name the file with the values")
    if empty.any():
        names = list(values.columns[empty])
        notes.append(f"{len(names)} features without any value left out: {_show(names)}")
    bare = values.isna().all(axis=1)
    if bare.any():
        names = list(values.index[bare])
        notes.append(f"{len(names)} samples have no value at all: {_show(names)}")
    return values.loc[:, ~empty], features[~empty.to_numpy()]


def _choose_scale(values: pd.DataFrame, reading: Reading, kind: Kind, stated: str | None, notes: list[str]) -> str:
    if kind == "table":
        return "raw"  # columns of a table have a scale each
    if stated is not None or reading.scale is not None:
        return str(stated or reading.scale)
    if kind == "cells" and bool((values.fillna(0) % 1 == 0).to_numpy().all()):
        notes.append("scale read as raw: whole numbers (counts)")
        return "raw"
    scale, why = find_scale(values)
    notes.append(why)
    return scale


def _name_features(
    features: pd.DataFrame, kind: Kind, symbols: Mapping[str, Symbol] | None, notes: list[str]
) -> pd.DataFrame:
    """Index: unique feature id, made from the name; columns `name`, `ids`, `description`."""
    import pandas as pd

    ids = [str(text) for text in features["ids"]] if "ids" in features else [str(name) for name in features.index]
    given = list(features["name"]) if "name" in features else [None] * len(ids)
    known = [name_group(text, symbols) for text in ids] if symbols else [None] * len(ids)
    names = [_first(known[i].symbol if (hit := known[i]) and hit else given[i], ids[i]) for i in range(len(ids))]  # type: ignore[union-attr]
    if symbols is not None:
        named = sum(hit is not None for hit in known)
        if not named:
            raise BadInput(f"unknown identifiers: none of {len(ids)} features is in the symbols file: {_show(ids)}")
        notes.append(f"{named} of {len(ids)} features named by the symbols file")
    unique = make_unique(names)
    if repeats := sum(name != each for name, each in zip(names, unique, strict=True)):
        notes.append(f"{repeats} features share a name with another; they are numbered")
    described = [hit.description if hit else None for hit in known]
    if "description" in features and not any(described):
        described = [None if pd.isna(text) else str(text) for text in features["description"]]
    table = pd.DataFrame({"name": names, "ids": [";".join(split_group(text)) for text in ids]}, index=unique)
    table["description"] = [text or "" for text in described]
    return table


def _first(name: object, fallback: str) -> str:
    """The first of several symbols; the first accession where there is none."""
    text = "" if name is None or name != name else str(name)
    parts = [part.strip() for part in text.split(";") if part.strip()]
    return parts[0] if parts else (split_group(fallback) or [fallback])[0]


def _join(own: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """The metadata, and what the file itself says of the samples in columns of other names."""
    extra = [name for name in own if name not in metadata]
    return metadata.join(own[extra])


def _tidy(obs: pd.DataFrame) -> pd.DataFrame:
    """Text and truth values as categories, as .h5ad can hold them; numbers as they are."""
    import pandas as pd

    columns: dict[str, object] = {}
    for name in obs:
        column = obs[name]
        if column.dtype.kind in "iuf":
            columns[str(name)] = column.astype("float64")
        else:
            texts = column.astype(object).where(column.notna(), None)
            columns[str(name)] = pd.Series(
                [None if text is None else str(text).strip() for text in texts], index=obs.index, dtype="category"
            )
    return pd.DataFrame(columns, index=obs.index)


def _show(names: list[str]) -> str:
    return ", ".join(str(name)[:40] for name in names[:SHOWN]) + (f" ... ({len(names)})" if len(names) > SHOWN else "")
