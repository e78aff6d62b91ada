"""Checks what a task file names against the folder and the data: one line per fault. Runs no code of the task."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pelagos.errors import BadInput
from sandbox.evaluation.labels import CLASSES, find_misfit
from tools.code.program.program import FIXED_MARK, Program, find_targets
from tools.code.program.sources.text import read_source
from tools.code.task import packages
from tools.code.task.data_sources import REGRESSION_DATA, SHIPPED_SIZES, load_labels
from tools.code.task.entry.checks import find_entry_faults
from tools.code.task.schema import REGRESSION_METRICS, STOCK_METRICS, MetricPart
from tools.functions.places import find_missing_packs
from tools.task_file import find_file_fault, find_path_fault

Parts = dict[str, Any]
Array = np.ndarray[Any, Any]


def check_task(folder: Path, parts: Parts) -> list[str]:
    """One line per fault in what the well-formed `parts` of the file name. Checks with missing keys are skipped."""
    return [fault for keys, run in _CHECKS if all(key in parts for key in keys) for fault in run(folder, parts)]


def _check_programs(folder: Path, parts: Parts) -> Iterator[str]:
    """Check program files: they exist, are inside the folder, are Python and are not listed twice."""
    seen: set[str] = set()
    for key in ("editable", "files"):
        for index, name in enumerate(parts[key]):
            if fault := find_file_fault(folder, name) or _find_source_fault(folder / name, key):
                yield f"{key}.{index}: {fault}"
            if str(PurePosixPath(name)) in seen:
                yield f"{key}.{index}: '{name}' is listed twice; list it once"
            seen.add(str(PurePosixPath(name)))


def _check_targets(folder: Path, parts: Parts) -> Iterator[str]:
    """Check that the editable files have a target for hypotheses; skipped if they can't be read."""
    names = list(parts["editable"])
    if any(find_file_fault(folder, name) or _find_source_fault(folder / name, "editable") for name in names):
        return
    program = Program({name: read_source(folder / name) for name in names}, tuple(names))
    if not find_targets(program):
        marked = any(FIXED_MARK in text for text in program.files.values())
        mend = (
            f"take '# {FIXED_MARK}' from what may change"
            if marked
            else "name the files that hold the model or the training"
        )
        yield f"editable: nothing in {', '.join(names)} can be changed; {mend}"


def _find_source_fault(path: Path, key: str) -> str:
    if path.suffix != ".py" and key == "editable":
        return f"'{path.name}' is not a Python file; only .py files are edited"
    try:
        text = read_source(path)
        if path.suffix == ".py":
            ast.parse(text)
    except BadInput as error:
        return f"'{path.name}': {error}"
    except SyntaxError as error:
        return f"'{path.name}' is not Python, line {error.lineno}: {error.msg}; mend it"
    except ValueError as error:
        return f"'{path.name}' is not Python source text: {error}; save it as UTF-8"
    return ""


def _check_entry(folder: Path, parts: Parts) -> Iterator[str]:
    programs = [str(PurePosixPath(name)) for name in (*parts["editable"], *parts["files"])]
    yield from (f"entry: {fault}" for fault in find_entry_faults(folder, parts["entry"], programs))


def _check_metrics(folder: Path, parts: Parts) -> Iterator[str]:
    metric: MetricPart = parts["metric"]
    for key, part in [("metric", metric), *((f"guards.{i}", g) for i, g in enumerate(parts["guards"]))]:
        yield from _check_metric(folder, key, part, metric.evaluator is not None)
    names = [metric.name, *(guard.name for guard in parts["guards"])]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"guards: metric '{name}' is measured twice; name each once"
    kinds = {name in REGRESSION_METRICS for name in names if name in STOCK_METRICS}
    if len(kinds) > 1:
        yield f"guards: {', '.join(names)} mix classes and values; keep those that fit the predictions"


def _check_metric(folder: Path, key: str, part: MetricPart, own: bool) -> Iterator[str]:
    if part.evaluator is not None:
        if key != "metric":
            yield f"{key}.evaluator: one evaluator scores everything; name it under 'metric'"
        elif fault := find_file_fault(folder, part.evaluator) or _find_source_fault(
            folder / part.evaluator, "editable"
        ):
            yield f"{key}.evaluator: {fault}"
    elif part.name not in STOCK_METRICS and not (own and key != "metric"):
        close = get_close_matches(part.name, STOCK_METRICS, n=1)
        hint = (
            f"did you mean '{close[0]}'?"
            if close
            else f"stock metrics: {', '.join(STOCK_METRICS)}; or add 'evaluator: evaluate.py'"
        )
        yield f"{key}.name: no stock metric '{part.name}'; {hint}"
    elif STOCK_METRICS.get(part.name, part.direction) is not part.direction:
        better = "lower" if part.direction == "up" else "higher"
        yield f"{key}.direction: {part.name} is better when {better}; write 'direction: {STOCK_METRICS[part.name]}'"


def _check_seeds(folder: Path, parts: Parts) -> Iterator[str]:
    seeds = parts["seeds"]
    if repeated := sorted({seed for seed in seeds if seeds.count(seed) > 1}):
        yield f"seeds: {', '.join(map(str, repeated))} given twice; a repeated seed is no new evidence, write others"


def _check_data(folder: Path, parts: Parts) -> Iterator[str]:
    data = parts["data"]
    if (data.name is None) == (data.path is None):
        yield "data: give either 'name' or 'path', one of them"
        return
    if data.path is not None and (fault := find_file_fault(folder, data.path)):
        yield f"data.path: {fault}"
        return
    if data.path is not None and data.path in (*parts["editable"], *parts["files"], parts["papers"]):
        yield f"data.path: '{data.path}' holds the labels and is listed as another file too; list it only here"
    try:
        y = load_labels(data, folder)
    except BadInput as error:
        yield from (f"data: {fault}" for fault in error.faults)
        return
    yield from _check_sizes(len(y) if y is not None else SHIPPED_SIZES[data.name or ""], parts)
    yield from _check_labels(y, parts)


def _check_labels(y: Array | None, parts: Parts) -> Iterator[str]:
    """Check the labels (None: of a shipped data set) against the stock metrics that score them."""
    metric, data = parts.get("metric"), parts["data"]
    if metric is None:
        return
    own = [] if metric.evaluator is not None else [metric.name]
    names = [*own, *(guard.name for guard in parts.get("guards", []) if guard.name in STOCK_METRICS)]
    if y is not None and (fault := find_misfit(y, names)):
        yield f"data: '{data.path}': {fault}"
    elif data.name in REGRESSION_DATA and (classes := sorted(CLASSES.intersection(names))):
        yield f"metric: {classes[0]} compares classes, '{data.name}' has measured values; use mae or rmse"


def _check_sizes(available: int | None, parts: Parts) -> Iterator[str]:
    """Check split sizes against the number of items (None: any number can be generated)."""
    splits, smoke = parts.get("splits"), parts.get("smoke")
    if splits is None:
        return
    requested = splits.train + splits.validation + splits.sealed
    if available is not None and requested > available:
        yield f"splits: {requested} items asked for, the data has {available}; lower a size by {requested - available}"
    if smoke is not None and smoke.train + smoke.validation > splits.train:
        requested = smoke.train + smoke.validation
        yield f"smoke: {requested} items asked for, they are cut from the {splits.train} of training; lower its sizes"


def _check_papers(folder: Path, parts: Parts) -> Iterator[str]:
    if parts["papers"] is not None and (fault := find_file_fault(folder, parts["papers"])):
        yield f"papers: {fault}"


def _check_packages(folder: Path, parts: Parts) -> Iterator[str]:
    name = parts["packages"]
    if name is None:
        return
    if fault := find_file_fault(folder, name):
        yield f"packages: {fault}"
        return
    try:
        packages.read_pins(folder / name)
    except BadInput as error:
        yield from (f"packages: {name} {fault}" for fault in error.faults)
    except ValueError as error:
        yield f"packages: {name} is not text: {error}; save it as UTF-8"


def _check_tools(folder: Path, parts: Parts) -> Iterator[str]:
    """Check that packs are known and the task's own are inside its folder. `pelagos tools check` looks into them."""
    yield from (f"packs: {fault}" for fault in find_missing_packs(parts["packs"]))
    for index, name in enumerate(parts["tools"]):
        if fault := find_path_fault(folder, name) or _find_link(folder / name):
            yield f"tools.{index}: {fault}"


def _find_link(root: Path) -> str:
    links = [path for path in root.rglob("*") if path.is_symlink()] if root.is_dir() else []
    return f"'{links[0].name}' in it is a symbolic link; put the real file there" if links else ""


def _check_limits(folder: Path, parts: Parts) -> Iterator[str]:
    if parts["limits"].gpu_memory_mb is not None and not parts["limits"].gpus:
        yield "limits.gpu_memory_mb: says nothing without cards; add 'gpus: 1' or leave it out"


_CHECKS: list[tuple[tuple[str, ...], Callable[[Path, Parts], Iterator[str]]]] = [
    (("editable", "files"), _check_programs),
    (("editable",), _check_targets),
    (("entry", "editable", "files"), _check_entry),
    (("data", "editable", "files", "papers"), _check_data),
    (("metric", "guards"), _check_metrics),
    (("seeds",), _check_seeds),
    (("papers",), _check_papers),
    (("limits",), _check_limits),
    (("packages",), _check_packages),
    (("packs", "tools"), _check_tools),
]
