"""Writes a task folder out of a data file (`pelagos tasks new --data`): what was understood stands in `task.yaml`."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pelagos.errors import BadInput
from tools.analysis.dataset.symbols import count_named, read_symbols
from tools.analysis.design import Design
from tools.analysis.readers.wide import ACCESSION, MOST
from tools.analysis.sources.sources import find_source
from tools.analysis.task.analysis_task import AnalysisTask, load_task
from tools.analysis.task.checks import find_gene_set_faults
from tools.analysis.task.infer_design import infer_design
from tools.analysis.task.schema import PACKS, Format
from tools.analysis.task.task_data import Given, read_given

if TYPE_CHECKING:
    from anndata import AnnData

DATA_FOLDER = "data"
SYMBOLS, GENE_SETS = "uniprot-human:human.fasta", "gene-sets:reactome.gmt"
KEYS: dict[str, str] = {
    "group": "metadata column with the groups to compare",
    "case": "level of the group that is compared ...",
    "control": "... with this one",
    "batch": "metadata column of batch or site",
    "covariates": "columns to adjust for",
    "subject": "column that tells which samples belong together (pairs, repeated samples)",
    "time": "survival: time to event or censoring ...",
    "event": "... and whether it happened (1) or not (0)",
    "numeric": "numeric outcomes worth asking about",
    "order": "columns or features, earlier before later (exposure, mediator, outcome), to ask about mediation",
    "defines_group": "columns or features that the group may have been defined from: findings about them are circular",
}


def scaffold_from_data(folder: Path, data: Path, metadata: Path | None = None) -> AnalysisTask:
    """Write the task into `folder`, which must not exist or be empty, and return it checked.

    The files are copied as they are. Raises BadInput, a line per fault; the folder is then left as it was.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder}: exists already; name a new folder")
    if metadata is not None and metadata.resolve() == data.resolve():
        raise BadInput(f"{metadata}: is the data file too; leave --metadata out where the data file holds the metadata")
    content, format, symbols = _read(data, metadata)
    design = infer_design(content)
    folder.parent.mkdir(parents=True, exist_ok=True)
    lines = _write_yaml(folder.resolve().name, content, format, design, data, metadata, symbols)
    with tempfile.TemporaryDirectory(prefix="making-", dir=folder.parent) as scratch:
        made = Path(scratch) / folder.resolve().name
        (made / DATA_FOLDER).mkdir(parents=True)
        for path in (data, *([metadata] if metadata else [])):
            shutil.copyfile(path, made / DATA_FOLDER / path.name)
        (made / "task.yaml").write_text("\n".join(lines) + "\n", "utf-8")
        _load_named(made, folder)
        shutil.copytree(made, folder, dirs_exist_ok=True)
    return load_task(folder)


def _read(data: Path, metadata: Path | None) -> tuple[AnnData, Format, bool]:
    """(data set, format, whether symbols were given): accessions get symbols where the source of these is here."""
    content, format = read_given(Given(data, metadata), None)
    names = list(content.var["name"])
    accessions = sum(ACCESSION.fullmatch(str(name)) is not None for name in names)
    source = find_source(SYMBOLS.split(":")[0])
    if content.uns["kind"] != "proteomics" or accessions < MOST * len(names) or source.folder is None:
        return content, format, False
    symbols = source.find(SYMBOLS.split(":")[1])
    if not count_named(list(content.var["ids"]), read_symbols(symbols)):
        return content, format, False
    return *read_given(Given(data, metadata, format, symbols=symbols), content.uns["kind"]), True


def _suits_gene_sets(data: AnnData) -> bool:
    """Whether the fetched gene sets know the features."""
    source, file = GENE_SETS.split(":")
    if find_source(source).folder is None:
        return False
    return not find_gene_set_faults(find_source(source).find(file), set(data.var["name"]))


def _load_named(made: Path, folder: Path) -> None:
    """Check the task before it gets its place; faults name the place that it was to have."""
    try:
        load_task(made)
    except BadInput as error:
        raise BadInput(*(fault.replace(str(made.resolve()), str(folder)) for fault in error.faults)) from None


def _write_yaml(
    name: str, data: AnnData, format: Format, design: Design, path: Path, metadata: Path | None, symbols: bool
) -> Iterator[str]:
    """The lines of `task.yaml`."""
    kind = str(data.uns["kind"])
    yield "# Written by `pelagos tasks new` from the data; everything may be edited. `pelagos tasks check` reads it."
    yield f"name: {_slug(name)}"
    yield f"topic: {_quote(_make_topic(kind, design))}"
    yield "# What the samples are and how they were measured; models read it."
    yield f"description: {_quote(f'{data.n_obs} samples, {data.n_vars} features, read from {path.name}.')}"
    yield "toolchain: analysis"
    yield f"kind: {kind}  # proteomics, table or cells"
    yield "data:"
    yield f"  path: {_quote(f'{DATA_FOLDER}/{path.name}')}"
    yield f"  format: {format}"
    if metadata is not None:
        yield f"  metadata: {_quote(f'{DATA_FOLDER}/{metadata.name}')}"
    scale = next(state for state in data.uns["states"] if state in ("raw", "log2"))
    if kind != "table":
        yield f"  scale: {scale}"
    yield f"  {'' if symbols else '# '}symbols: {SYMBOLS}  # names of UniProt accessions (`pelagos data get`)"
    yield from (f"  # {note}" for note in data.uns["notes"])
    yield from _write_design(design)
    yield f"packs: [{', '.join(PACKS[data.uns['kind']])}]"
    suits = data.uns["kind"] != "table" and _suits_gene_sets(data)
    yield f"{'' if suits else '# '}gene_sets: {GENE_SETS}  # `pelagos data get gene-sets`, or a GMT file of this folder"


def _write_design(design: Design) -> Iterator[str]:
    yield "design:"
    for key, comment in KEYS.items():
        value = getattr(design, key)
        if value:
            yield f"  {key}: {_quote(value)}  # {comment}"
        else:
            yield f"  # {key}:  # {comment}"
    yield f"  guesses:{'' if design.guesses else ' []'}"
    yield from (f"    - {_quote(guess)}" for guess in design.guesses)


def _make_topic(kind: str, design: Design) -> str:
    what = {"proteomics": "Proteins", "cells": "Cells and genes", "table": "Columns"}[kind]
    if design.group is not None:
        return f"{what} that differ between {design.case} and {design.control}"
    if design.event is not None:
        return f"{what} that go with the time until the event ({design.event})"
    return f"{what} that are related to each other" + (f" and to {design.numeric[0]}" if design.numeric else "")


def _quote(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _slug(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return plain if plain[:1].isalpha() else f"task-{plain}".strip("-")[:40]
