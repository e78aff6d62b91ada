"""What a task file names, checked against the folder and the data: each fault one line. No code of the task is run."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from string import Formatter
from typing import Any

from pelagos.errors import BadInput
from tools.code import packages
from tools.code.data_sources import rows
from tools.code.sources.text import read_source
from tools.code.task_file import REGRESSION, STOCK, MetricPart

PLACEHOLDERS = ("data", "out", "seed")
Parts = dict[str, Any]


def check(folder: Path, parts: Parts) -> list[str]:
    """A line per fault in what the well-formed `parts` of the file name. A check whose keys are missing is left out."""
    return [fault for keys, run in _CHECKS if all(key in parts for key in keys) for fault in run(folder, parts)]


def file_fault(folder: Path, name: str) -> str:
    """'' or why `name` is not a plain file inside `folder`."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        return f"'{name}' leaves the task folder; give a path inside it"
    for part in [path, *path.parents][:-1]:
        if (folder / part).is_symlink():
            return f"'{part}' is a symbolic link; put the real file there"
    if not (folder / path).exists():
        return f"no file '{name}' in the task folder; write it or mend the name{_near(folder, path)}"
    if not (folder / path).is_file():
        return f"'{name}' is not a file; name a file in it"
    return ""


def _near(folder: Path, path: PurePosixPath) -> str:
    parent = folder / path.parent
    names = [entry.name for entry in parent.iterdir()] if parent.is_dir() else []
    close = get_close_matches(path.name, names, n=1)
    return f" (there is '{path.parent / close[0]}')" if close else ""


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
    try:
        words = shlex.split(parts["entry"])
        fields = {name for _, name, _, _ in Formatter().parse(parts["entry"]) if name is not None}
    except ValueError as error:
        yield f"entry: not a command: {error}; close its quotes and braces"
        return
    for name in PLACEHOLDERS:
        if name not in fields:
            yield f"entry: placeholder {{{name}}} is missing; the program is told its {name} by it"
    for name in sorted(fields - set(PLACEHOLDERS)):
        yield f"entry: unknown placeholder {{{name}}}; there are {{data}}, {{out}} and {{seed}}"
    yield from _script(folder, words, [*parts["editable"], *parts["files"]])


def _script(folder: Path, words: list[str], programs: list[str]) -> Iterator[str]:
    if not words or words[0] != "python":
        yield f"entry: command '{words[0] if words else ''}' does not exist in the sandbox; start with 'python'"
    elif len(words) < 2 or words[1].startswith("-"):
        yield "entry: no script after 'python'; name one, such as 'python train.py'"
    elif fault := file_fault(folder, words[1]):
        yield f"entry: {fault}"
    elif str(PurePosixPath(words[1])) not in {str(PurePosixPath(name)) for name in programs}:
        yield f"entry: '{words[1]}' is in neither 'editable' nor 'files'; list it in one of them"


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
        have = rows(data, folder)
    except BadInput as error:
        yield from (f"data: {fault}" for fault in error.faults)
        return
    yield from _sizes(have, parts)


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
    (("entry", "editable", "files"), _entry),
    (("data", "editable", "files", "papers"), _data),
    (("metric", "guards"), _metrics),
    (("seeds",), _seeds),
    (("papers",), _papers),
    (("limits",), _limits),
    (("packages",), _packages),
]
