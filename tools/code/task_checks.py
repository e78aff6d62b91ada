"""What a task file names, checked against the folder and the data: each fault one line. No code of the task is run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pelagos.errors import BadInput
from sandbox.labels import CLASSES, misfit
from tools.code import packages
from tools.code.data_sources import SHIPPED, VALUES, labels
from tools.code.entry.checks import faults as entry_faults
from tools.code.faults import file_fault
from tools.code.program import MARK, Program, targets
from tools.code.sources.text import read_source
from tools.code.task_file import REGRESSION, STOCK, MetricPart

Parts = dict[str, Any]
Array = np.ndarray[Any, Any]


def check(folder: Path, parts: Parts) -> list[str]:
    """A line per fault in what the well-formed `parts` of the file name. A check whose keys are missing is left out."""
    return [fault for keys, run in _CHECKS if all(key in parts for key in keys) for fault in run(folder, parts)]


def _programs(folder: Path, parts: Parts) -> Iterator[str]:
    """Editable and other program files: there, inside, Python, no duplicates."""
    seen: set[str] = set()
    for key in ("editable", "files"):
        for index, name in enumerate(parts[key]):
            if fault := file_fault(folder, name) or _source_fault(folder / name, key):
                yield f"{key}.{index}: {fault}"
            if str(PurePosixPath(name)) in seen:
                yield f"{key}.{index}: '{name}' is listed twice; list it once"
            seen.add(str(PurePosixPath(name)))


def _changeable(folder: Path, parts: Parts) -> Iterator[str]:
    """Something must be left for a hypothesis to change, where the editable files can be read at all."""
    names = list(parts["editable"])
    if any(file_fault(folder, name) or _source_fault(folder / name, "editable") for name in names):
        return
    program = Program({name: read_source(folder / name) for name in names}, tuple(names))
    if not targets(program):
        marked = any(MARK in text for text in program.files.values())
        mend = (
            f"take '# {MARK}' from what may change" if marked else "name the files that hold the model or the training"
        )
        yield f"editable: nothing in {', '.join(names)} can be changed; {mend}"


def _source_fault(path: Path, key: str) -> str:
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


def _entry(folder: Path, parts: Parts) -> Iterator[str]:
    programs = [str(PurePosixPath(name)) for name in (*parts["editable"], *parts["files"])]
    yield from (f"entry: {fault}" for fault in entry_faults(folder, parts["entry"], programs))


def _metrics(folder: Path, parts: Parts) -> Iterator[str]:
    metric: MetricPart = parts["metric"]
    for key, part in [("metric", metric), *((f"guards.{i}", g) for i, g in enumerate(parts["guards"]))]:
        yield from _metric(folder, key, part, metric.evaluator is not None)
    names = [metric.name, *(guard.name for guard in parts["guards"])]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"guards: metric '{name}' is measured twice; name each once"
    kinds = {name in REGRESSION for name in names if name in STOCK}
    if len(kinds) > 1:
        yield f"guards: {', '.join(names)} mix classes and values; keep those that fit the predictions"


def _metric(folder: Path, key: str, part: MetricPart, own: bool) -> Iterator[str]:
    if part.evaluator is not None:
        if key != "metric":
            yield f"{key}.evaluator: one evaluator scores everything; name it under 'metric'"
        elif fault := file_fault(folder, part.evaluator) or _source_fault(folder / part.evaluator, "editable"):
            yield f"{key}.evaluator: {fault}"
    elif part.name not in STOCK and not (own and key != "metric"):
        close = get_close_matches(part.name, STOCK, n=1)
        hint = (
            f"did you mean '{close[0]}'?"
            if close
            else f"stock metrics: {', '.join(STOCK)}; or add 'evaluator: evaluate.py'"
        )
        yield f"{key}.name: no stock metric '{part.name}'; {hint}"
    elif STOCK.get(part.name, part.direction) is not part.direction:
        better = "lower" if part.direction == "up" else "higher"
        yield f"{key}.direction: {part.name} is better when {better}; write 'direction: {STOCK[part.name]}'"


def _seeds(folder: Path, parts: Parts) -> Iterator[str]:
    seeds = parts["seeds"]
    if twice := sorted({seed for seed in seeds if seeds.count(seed) > 1}):
        yield f"seeds: {', '.join(map(str, twice))} given twice; a repeated seed is no new evidence, write others"


def _data(folder: Path, parts: Parts) -> Iterator[str]:
    data = parts["data"]
    if (data.name is None) == (data.path is None):
        yield "data: give either 'name' or 'path', one of them"
        return
    if data.path is not None and (fault := file_fault(folder, data.path)):
        yield f"data.path: {fault}"
        return
    if data.path is not None and data.path in (*parts["editable"], *parts["files"], parts["papers"]):
        yield f"data.path: '{data.path}' holds the labels and is listed as another file too; list it only here"
    try:
        y = labels(data, folder)
    except BadInput as error:
        yield from (f"data: {fault}" for fault in error.faults)
        return
    yield from _sizes(len(y) if y is not None else SHIPPED[data.name or ""], parts)
    yield from _fit(y, parts)


def _fit(y: Array | None, parts: Parts) -> Iterator[str]:
    """The labels (None: of a shipped data set) against the stock metrics that score them."""
    metric, data = parts.get("metric"), parts["data"]
    if metric is None:
        return
    own = [] if metric.evaluator is not None else [metric.name]
    names = [*own, *(guard.name for guard in parts.get("guards", []) if guard.name in STOCK)]
    if y is not None and (fault := misfit(y, names)):
        yield f"data: '{data.path}': {fault}"
    elif data.name in VALUES and (classes := sorted(CLASSES.intersection(names))):
        yield f"metric: {classes[0]} compares classes, '{data.name}' has measured values; use mae or rmse"


def _sizes(have: int | None, parts: Parts) -> Iterator[str]:
    """Split sizes against the items there are (None: as many as are asked for)."""
    splits, smoke = parts.get("splits"), parts.get("smoke")
    if splits is None:
        return
    asked = splits.train + splits.validation + splits.sealed
    if have is not None and asked > have:
        yield f"splits: {asked} items asked for, the data has {have}; lower a size by {asked - have}"
    if smoke is not None and smoke.train + smoke.validation > splits.train:
        asked = smoke.train + smoke.validation
        yield f"smoke: {asked} items asked for, they are cut from the {splits.train} of training; lower its sizes"


def _papers(folder: Path, parts: Parts) -> Iterator[str]:
    if parts["papers"] is not None and (fault := file_fault(folder, parts["papers"])):
        yield f"papers: {fault}"


def _packages(folder: Path, parts: Parts) -> Iterator[str]:
    name = parts["packages"]
    if name is None:
        return
    if fault := file_fault(folder, name):
        yield f"packages: {fault}"
        return
    try:
        packages.read(folder / name)
    except BadInput as error:
        yield from (f"packages: {name} {fault}" for fault in error.faults)
    except ValueError as error:
        yield f"packages: {name} is not text: {error}; save it as UTF-8"


def _limits(folder: Path, parts: Parts) -> Iterator[str]:
    if parts["limits"].gpu_memory_mb is not None and not parts["limits"].gpus:
        yield "limits.gpu_memory_mb: says nothing without cards; add 'gpus: 1' or leave it out"


_CHECKS: list[tuple[tuple[str, ...], Callable[[Path, Parts], Iterator[str]]]] = [
    (("editable", "files"), _programs),
    (("editable",), _changeable),
    (("entry", "editable", "files"), _entry),
    (("data", "editable", "files", "papers"), _data),
    (("metric", "guards"), _metrics),
    (("seeds",), _seeds),
    (("papers",), _papers),
    (("limits",), _limits),
    (("packages",), _packages),
]
