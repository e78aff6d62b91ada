"""The schema of an analysis `task.yaml`: keys, types and defaults. `checks` verifies what the file names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pelagos.nouns import NoveltyRule
from tools.analysis.design import Design
from tools.analysis.states import Kind, State
from tools.task_file import format_error

REMEDIES = {
    "name": "add a short lower-case name, such as 'name: my-cohort'",
    "topic": "add one line that says what is researched",
    "description": "add what the samples are, how they were measured and what is asked",
    "kind": "write proteomics, table or cells",
    "data": "add 'data: {path: data.csv}'; 'pelagos tasks new DIR --data FILE' writes a whole task",
    "data.path": "name a file of the task folder, or SOURCE:FILE of `pelagos data list`",
}
PACKS: dict[Kind, list[str]] = {"proteomics": ["proteomics"], "table": ["tables"], "cells": ["cells"]}

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, strict=True)]
Positive = Annotated[float, Field(gt=0)]
Format = Literal[
    "maxquant", "diann", "fragpipe", "spectronaut", "olink", "somascan", "wide", "long", "h5ad", "table"
]  # one module each in tools/analysis/readers


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataPart(Section):
    """Files: of the task folder, or SOURCE:FILE of what `pelagos data get SOURCE` fetched.

    Without `format` and `scale` they are found out. `states` are further ones that the values are in already.
    `samples` is the metadata column that holds the sample ids, `symbols` a FASTA or a TSV file (accession, symbol) that
    names the features, `metadata_columns` the columns of `path` that are metadata and no features, `unmatched` what
    becomes of samples without metadata.
    """

    path: Text
    format: Format | None = None
    metadata: Text | None = None
    samples: Text | None = None
    scale: Literal["raw", "log2", "log1p"] | None = None
    states: list[State] = []
    symbols: Text | None = None
    metadata_columns: list[Text] = []
    unmatched: Literal["refuse", "drop"] = "refuse"


class LimitsPart(Section):
    """Limits of one experiment: wall-clock seconds, sizes in MB (10**6 bytes)."""

    seconds: Positive = 600.0
    memory_mb: Count = 4096
    pids: Count = 64
    cpus: Positive = 1.0
    disk_mb: Count = 256


class TaskFile(Section):
    """The complete `task.yaml`. `tools` are folders of the task with packs of its own."""

    name: Name
    topic: Text
    description: Text
    toolchain: Literal["analysis"] = "analysis"
    kind: Kind
    data: DataPart
    design: Design = Design()
    packs: list[Text] | None = None
    tools: list[Text] = []
    gene_sets: Text | None = None
    papers: Text | None = None
    limits: LimitsPart = LimitsPart()
    novelty: NoveltyRule = "label"


def parse_task(raw: dict[Any, Any]) -> tuple[TaskFile | None, list[str]]:
    """The parsed file, or None with one line per fault."""
    try:
        return TaskFile.model_validate(raw), []
    except ValidationError as error:
        return None, [format_error((e["type"], e["loc"], e["msg"]), TaskFile, REMEDIES) for e in error.errors()]
