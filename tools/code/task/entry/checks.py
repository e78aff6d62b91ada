"""Checks a task's `entry` against its folder: one line per fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Formatter

from pelagos.errors import BadInput
from tools.code.task.entry.command import IMPORT_FOLDERS, module_paths, parse_entry
from tools.task_file import find_file_fault

PLACEHOLDERS = ("data", "out", "seed")


def find_entry_faults(folder: Path, text: str, programs: Sequence[str]) -> Iterator[str]:
    """`programs` are the files that go into the sandbox."""
    try:
        fields = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        yield f"not a command: {error}; close its quotes and braces"
        return
    for name in PLACEHOLDERS:
        if name not in fields:
            yield f"placeholder {{{name}}} is missing; the program is told its {name} by it"
    for name in sorted(fields - set(PLACEHOLDERS)):
        yield f"unknown placeholder {{{name}}}; there are {{data}}, {{out}} and {{seed}}"
    try:
        entry = parse_entry(text, folder)
    except BadInput as error:
        yield from error.faults
        return
    if entry.script:
        yield from _check_script(folder, entry.script, programs)
    elif entry.module or _is_task_module(folder, entry.imported):
        yield from _check_module(folder, entry.imported, programs)


def _check_script(folder: Path, script: str, programs: Sequence[str]) -> Iterator[str]:
    if fault := find_file_fault(folder, script):
        yield fault
    elif script not in programs:
        yield f"'{script}' is in neither 'editable' nor 'files'; list it in one of them"


def _check_module(folder: Path, module: str, programs: Sequence[str]) -> Iterator[str]:
    paths = module_paths(module)
    if set(paths) & set(programs):
        return
    existing = [path for path in paths if (folder / path).is_file()]
    if existing:
        yield f"'{existing[0]}' is in neither 'editable' nor 'files'; list it in one of them"
    else:
        yield f"no module '{module}' in the task folder: none of {', '.join(paths)}; write it or mend the name"


def _is_task_module(folder: Path, module: str) -> bool:
    """Whether a console script's module is in the task folder rather than in an installed package."""
    top = module.partition(".")[0]
    return any((folder / root / f"{top}{end}").exists() for root in IMPORT_FOLDERS for end in ("", ".py"))
