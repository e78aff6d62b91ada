"""Reads the data of a task as a data set: the file, its metadata, the names of its features."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memory.weights.package_index import cache_folder
from pelagos.errors import BadInput, MissingPart
from tools.analysis.dataset.assemble import assemble
from tools.analysis.dataset.h5ad import read_dataset, set_states, write_dataset
from tools.analysis.dataset.levels import to_levels
from tools.analysis.dataset.metadata import collect_ids, find_unmatched, match_metadata, read_metadata
from tools.analysis.dataset.symbols import Symbol, read_symbols
from tools.analysis.design import Design
from tools.analysis.readers.detect import find_format, read_file
from tools.analysis.states import Kind
from tools.analysis.task.checks import find_design_faults, find_gene_set_faults
from tools.analysis.task.schema import Format

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from tools.analysis.readers.reading import Reading
    from tools.analysis.task.analysis_task import AnalysisTask


@dataclass(frozen=True)
class Given:
    """Files and options that determine a data set (the `data` section with its paths resolved)."""

    data: Path
    metadata: Path | None = None
    format: Format | None = None
    samples: str | None = None
    scale: str | None = None
    symbols: Path | None = None
    metadata_columns: tuple[str, ...] = ()
    unmatched: str = "refuse"


MANY_CELLS, MANY_ROWS = 500, 5000  # samples: in .h5ad, where cells are usual; in other files of proteins
FORMAT = 1  # raised when a file is read in another way: data sets in the cache are made again


def open_task_data(task: AnalysisTask) -> AnnData:
    """The whole data set of `task`, checked; from the user's cache once it was read. Raises BadInput."""
    path = _cached(task)
    if path.is_file():
        with name_missing_package():
            return read_dataset(path)
    data = read_task_data(task)
    faults = find_design_faults(data, task.design)
    if task.gene_sets is not None:
        faults += find_gene_set_faults(task.gene_sets, set(data.var["name"]))
    if faults:
        raise BadInput(*(f"{task.folder / 'task.yaml'}: {fault}" for fault in faults))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    write_dataset(data, unfinished)
    unfinished.replace(path)
    return data


def is_checked(task: AnalysisTask) -> bool:
    """Whether the data of `task` were read and found sound before."""
    return _cached(task).is_file()


def _cached(task: AnalysisTask) -> Path:
    return cache_folder() / "analysis" / f"{task.digest[:32]}-{FORMAT}.h5ad"


def read_task_data(task: AnalysisTask) -> AnnData:
    """The whole data set of `task`; `uns["notes"]` says what was done to it. Raises BadInput, a line per fault."""
    part = task.spec.data
    given = Given(
        data=task.data,
        metadata=task.metadata,
        format=part.format,
        samples=part.samples,
        scale=part.scale,
        symbols=task.symbols,
        metadata_columns=tuple(part.metadata_columns),
        unmatched=part.unmatched,
    )
    data = read_given(given, task.kind)[0]
    if part.states:
        set_states(data, dict.fromkeys([*data.uns["states"], *part.states]))
    mark_levels(data, task.design)
    return drop_structure(data, task.design)


def drop_structure(data: AnnData, design: Design) -> AnnData:
    """Without features that are the group, batch, subject, time or event themselves, as in plain tables."""
    structure = {design.group, design.batch, design.subject, design.time, design.event}
    kept = [name not in structure for name in data.var_names]
    return data if all(kept) else data[:, kept].copy()


def mark_levels(data: AnnData, design: Design) -> None:
    """Make the columns of group, batch and subject categories with levels as text: 1.0 is the level "1"."""
    for name in (design.group, design.batch, design.subject):
        if name is not None and name in data.obs:
            data.obs[name] = to_levels(data.obs[name]).astype("category")


def read_given(given: Given, kind: Kind | None) -> tuple[AnnData, Format]:
    """The data set, and the format it was read as. Without `kind` it is found out. Raises BadInput and MissingPart."""
    with name_missing_package():
        return _read_given(given, kind)


@contextmanager
def name_missing_package() -> Iterator[None]:
    """Turn a failed import into MissingPart with the command that installs what is missing."""
    try:
        yield
    except ImportError as error:
        raise MissingPart(f"analysis: {error.name} is not installed: pip install 'pelagos[analysis]'") from None


def _read_given(given: Given, kind: Kind | None) -> tuple[AnnData, Format]:
    metadata = None if given.metadata is None else read_metadata(given.metadata)
    ids = set() if metadata is None else collect_ids(metadata)
    format = given.format or find_format(given.data, ids)
    reading = read_file(given.data, format, ids, given.metadata_columns)
    if metadata is not None and given.metadata is not None:
        metadata = _match(reading, metadata, given, given.metadata)
    symbols = _read_symbols(given)
    try:
        return assemble(reading, kind or guess_kind(reading, format), metadata, given.scale, symbols), format
    except BadInput as error:
        raise BadInput(*(f"{given.data}: {fault}" for fault in error.faults)) from None


def guess_kind(reading: Reading, format: Format) -> Kind:
    """cells: many observations; table: plain tables, and features that do not look like proteins; else proteomics."""
    from tools.analysis.readers.wide import MOST, share_like_proteins

    if format == "table":
        return "table"
    if format == "h5ad":
        return "cells" if len(reading.values) >= MANY_CELLS else "proteomics"
    if len(reading.values) >= MANY_ROWS:
        return "cells"
    if format in ("wide", "long") and share_like_proteins([str(name) for name in reading.values.columns]) < MOST:
        return "table"
    return "proteomics"


def _match(reading: Reading, metadata: pd.DataFrame, given: Given, path: Path) -> pd.DataFrame:
    samples = [str(name) for name in reading.values.index]
    if given.unmatched == "drop":
        lacking = find_unmatched(metadata, samples, given.samples, path)
        if lacking:
            reading.notes.append(f"{len(lacking)} samples without metadata left out: {', '.join(lacking[:5])}")
            samples = [name for name in samples if name not in set(lacking)]
            reading.values, reading.samples = reading.values.loc[samples], reading.samples.loc[samples]
    return match_metadata(metadata, samples, given.samples, path)


def _read_symbols(given: Given) -> Mapping[str, Symbol] | None:
    return None if given.symbols is None else read_symbols(given.symbols)
