"""Checks the design of a task against its data: one line per fault. Needs no model and no sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pelagos.plugins import suggest_nearest
from tools.analysis.design import Design

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

MIN_LEVEL = 6  # samples of a compared level
MIN_SAMPLES = 12
MIN_KNOWN = 0.01  # share of the features that are in a gene set


def find_design_faults(data: AnnData, design: Design) -> list[str]:
    """One line per fault of `design` against the metadata and the features of `data`."""
    faults = [*_check_columns(data, design)]
    if len(data) < MIN_SAMPLES:
        faults.append(f"data: {len(data)} samples; {MIN_SAMPLES} at least are needed")
    return faults or [*_check_levels(data.obs, design), *_check_kinds(data.obs, design)]


def _check_columns(data: AnnData, design: Design) -> Iterator[str]:
    known = [str(name) for name in data.obs]
    for key, name in design.columns:
        if name not in known:
            yield f"design.{key}: no column '{name}' in the metadata; {suggest_nearest(name, known)}"
    for key, names in (("defines_group", design.defines_group), ("order", design.order)):
        for name in names:
            if name not in known and name not in data.var_names:
                yield f"design.{key}: '{name}' is neither a column of the metadata nor a feature; mend the name"
    if design.order and len(set(design.order)) < max(3, len(design.order)):
        yield "design.order: name three different columns at least, earlier before later: exposure, mediator, outcome"


def _check_levels(obs: pd.DataFrame, design: Design) -> Iterator[str]:
    if design.group is None:
        if design.case is not None or design.control is not None:
            yield "design.group: missing, with case or control given; name the column that holds these levels"
        return
    counts = {str(level): int(count) for level, count in obs[design.group].value_counts().items()}
    for key, level in (("case", design.case), ("control", design.control)):
        if level is None:
            yield f"design.{key}: missing; name a level of '{design.group}': {', '.join(counts)}"
        elif level not in counts:
            yield f"design.{key}: '{design.group}' has no level '{level}'; {suggest_nearest(level, list(counts))}"
    if design.case is not None and design.case == design.control:
        yield f"design.case: is the control as well ('{design.case}'); name two levels"
    yield from _check_counts(design, counts)


def _check_counts(design: Design, counts: dict[str, int]) -> Iterator[str]:
    compared = [level for level in (design.case, design.control) if level is not None and level in counts]
    small = [level for level in compared if counts[level] < MIN_LEVEL]
    for level in small:
        samples = "1 sample" if counts[level] == 1 else f"{counts[level]} samples"
        yield f"design.group: level '{level}' of '{design.group}' has {samples}; it needs {MIN_LEVEL}"


def _check_kinds(obs: pd.DataFrame, design: Design) -> Iterator[str]:
    for name in [*design.numeric, *([design.time] if design.time else []), *([design.event] if design.event else [])]:
        if obs[name].dtype.kind not in "iuf":
            yield f"design: column '{name}' is not numeric; name another or mend its values"
    if (design.time is None) != (design.event is None):
        yield "design.time: survival needs time and event; give both or neither"
    elif design.event is not None and not set(obs[design.event].dropna()) <= {0.0, 1.0}:
        yield f"design.event: '{design.event}' must hold 0 (censored) and 1 (it happened)"


def find_gene_set_faults(path: Path, names: set[str]) -> list[str]:
    """One line where `path` is no GMT file, or where it knows next to none of the features' names."""
    from pelagos.errors import BadInput
    from pelagos.textfile import read_text

    try:
        lines = [line.split("\t") for line in read_text(path).split("\n") if line.strip()]
    except BadInput as error:
        return [f"gene_sets: {path}: {error}"]
    if not lines or any(len(line) < 3 for line in lines):
        return [f"gene_sets: {path}: not a GMT file: each line needs a name, a description and members, tab-separated"]
    members = {member for line in lines for member in line[2:]}
    known = len(names & members)
    if known < MIN_KNOWN * len(names):
        example = ", ".join(sorted(names)[:3])
        return [
            f"gene_sets: unknown identifiers: {known} of {len(names)} features (such as {example}) are in {path.name}; "
            "name the features by symbols (data.symbols), or give gene sets with these identifiers"
        ]
    return []
