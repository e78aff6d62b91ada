"""Writes the cells of the exported script: head, imports, helpers, one cell per job, the comparison at the end."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tools.analysis.inside as inside
from tools.analysis.findings import Call
from tools.analysis.packs.registry import DROP_INS
from tools.analysis.packs.spec import SETS, ToolSpec
from tools.analysis.report.script.jobs import Check, Job
from tools.analysis.report.script.literals import write_comment, write_literal

PRELUDE, ROWS = Path(__file__).with_name("prelude.py"), Path(inside.__file__).with_name("rows.py")
OWN_NAMES = {
    "DATA", "SETS", "HERE", "RESULTS", "TOLERANCE", "REQUIRED", "ADDED", "Z_95", "data", "table", "read_part",
    "run_test", "draw_table", "compare_row", "count_same", "is_close", "complete_table", "math", "sys", "Path", "Any",
    "Callable",
}  # fmt: skip
TITLES = {"discovery": "Discovery samples", "validation": "Replication samples", "sealed": "Sealed samples"}
COMPARED = ("effect", "p", "r")
WIDTH = 110


@dataclass(frozen=True)
class Cell:
    """Python source. `title` is a fixed heading before it; `shown` is an expression that a notebook shows."""

    source: str
    title: str = ""
    shown: str = ""


def write_cells(jobs: Sequence[Job], specs: Mapping[str, ToolSpec], run_folder: Path) -> list[Cell]:
    """Return the cells after the head. Jobs with a call of a tool that is gone, or of arguments that can't be written,
    are named in a comment and left out."""
    names = name_tools(jobs, specs)
    cells = [Cell(_write_imports(names, specs, run_folder), "Tools"), Cell(_write_helpers(), "Helpers")]
    part = ""
    for number, job in enumerate(jobs, 1):
        title = TITLES.get(job.part, job.part) if job.part != part else ""
        part = job.part
        cells.append(_write_job(number, job, specs, names, title))
    return cells


def name_tools(jobs: Sequence[Job], specs: Mapping[str, ToolSpec]) -> dict[str, str]:
    """Return the name under which the script imports each tool of the jobs."""
    used = dict.fromkeys(call["tool"] for job in jobs for call in job.calls if call["tool"] in specs)
    return {name: f"{name}_tool" if name in OWN_NAMES or keyword.iskeyword(name) else name for name in used}


def _write_imports(names: Mapping[str, str], specs: Mapping[str, ToolSpec], run_folder: Path) -> str:
    roots = dict.fromkeys(specs[name].source.root.parent for name in names if _is_drop_in(specs[name]))
    paths = [f"sys.path.append(str({_write_path(root, run_folder)}))  # drop-in tools" for root in roots]
    imports = [_write_import(specs[name], alias) for name, alias in names.items()]
    return "\n".join([*paths, *sorted(imports)]) or "# no tools were called"


def _is_drop_in(spec: ToolSpec) -> bool:
    return spec.source.module.startswith(f"{DROP_INS}.")


def _write_path(folder: Path, run_folder: Path) -> str:
    """Return the folder as an expression: relative to the script where it lies in the run's folder."""
    if folder.is_relative_to(run_folder):
        return f"HERE / {write_literal(folder.relative_to(run_folder).as_posix())}"
    return f"Path({write_literal(str(folder))})"


def _write_import(spec: ToolSpec, alias: str) -> str:
    module, function = spec.source.module.removeprefix(f"{DROP_INS}."), spec.source.function
    return f"from {module} import {function}" + (f" as {alias}" if alias != function else "")


def _write_helpers() -> str:
    """Return the functions of the prelude and those that complete a table, from their own files."""
    prelude = PRELUDE.read_text("utf-8").partition("RESULTS:")
    return "\n".join([_take_definitions(ROWS), "", "", f"RESULTS:{prelude[2].rstrip()}"])


def _take_definitions(path: Path) -> str:
    """Return what `complete_table` needs of a file."""
    text = path.read_text("utf-8")
    wanted = {"REQUIRED", "ADDED", "Z_95", "complete_table", "adjust", "_correlate"}
    kept = []
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        names |= {node.name} if isinstance(node, ast.FunctionDef) else set()
        if names & wanted:
            kept.append(ast.get_source_segment(text, node) or "")
    return "\n".join(f"\n\n{text}" if text.startswith("def ") else text for text in kept)


def _write_job(number: int, job: Job, specs: Mapping[str, ToolSpec], names: Mapping[str, str], title: str) -> Cell:
    comments = [write_comment(f"{number}. {job.question}")] if job.question else [f"# {number}."]
    try:
        calls = [_write_call(call, specs, names) for call in job.calls]
        lines = [_write_reading(job), *calls, *(line for check in job.checks for line in _write_check(check))]
    except (TypeError, KeyError) as error:
        return Cell("\n".join([*comments, write_comment(f"left out: {error}")]), title)
    last = names[job.calls[-1]["tool"]]
    return Cell("\n".join([*comments, *lines]), title, f"table.head(10), draw_table({last}, data, table)")


def _write_reading(job: Job) -> str:
    options = {name: value for name, value in job.subset.model_dump().items() if value}
    arguments = "".join(f", {name}={write_literal(value)}" for name, value in options.items())
    return f"data = read_part(DATA, {write_literal(job.part)}{arguments})"


def _write_call(call: Call, specs: Mapping[str, ToolSpec], names: Mapping[str, str]) -> str:
    """Raises KeyError for a tool or argument that is gone, TypeError for a value that can't be written."""
    spec = specs[call["tool"]]
    sets = spec.parameter_of(SETS)
    given = {name: value for name, value in call["arguments"].items() if sets is None or name != sets.name}
    arguments = [f"{spec.parameters[name].name}={write_literal(value)}" for name, value in given.items()]
    arguments += [f"{sets.name}=SETS"] if sets else []
    if spec.tests:
        return _join(f"table = run_test({names[spec.name]}, data", arguments)
    return _join(f"data = {names[spec.name]}(data", arguments)


def _join(head: str, arguments: Sequence[str]) -> str:
    line = ", ".join([head, *arguments]) + ")"
    return line if len(line) <= WIDTH else f"{head},\n    " + ",\n    ".join(arguments) + ",\n)"


def _write_check(check: Check) -> list[str]:
    recorded = {name: value for name in COMPARED if (value := getattr(check.row, name)) is not None}
    numbers = "".join(f", {name}={write_literal(float(value))}" for name, value in recorded.items())
    comment = [write_comment(check.label)] if check.label else []
    return [*comment, f"compare_row(table, {write_literal(check.row.entity)}{numbers})"]
