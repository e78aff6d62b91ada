"""A task's `entry` against its folder: a line for each fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Formatter

from pelagos.errors import BadInput
from tools.code.entry.command import FOLDERS, places, read
from tools.code.faults import file_fault

PLACEHOLDERS = ("data", "out", "seed")


def faults(folder: Path, text: str, programs: Sequence[str]) -> Iterator[str]:
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
        entry = read(text, folder)
    except BadInput as error:
        yield from error.faults
        return
    if entry.script:
        yield from _script(folder, entry.script, programs)
    elif entry.module or _is_own(folder, entry.imported):
        yield from _module(folder, entry.imported, programs)


def _script(folder: Path, script: str, programs: Sequence[str]) -> Iterator[str]:
    if fault := file_fault(folder, script):
        yield fault
    elif script not in programs:
        yield f"'{script}' is in neither 'editable' nor 'files'; list it in one of them"


def _module(folder: Path, module: str, programs: Sequence[str]) -> Iterator[str]:
    wanted = places(module)
    if set(wanted) & set(programs):
        return
    there = [path for path in wanted if (folder / path).is_file()]
    if there:
        yield f"'{there[0]}' is in neither 'editable' nor 'files'; list it in one of them"
    else:
        yield f"no module '{module}' in the task folder: none of {', '.join(wanted)}; write it or mend the name"


def _is_own(folder: Path, module: str) -> bool:
    """Whether a console script's module is of the task folder, where it doesn't come with an installed package."""
    top = module.partition(".")[0]
    return any((folder / root / f"{top}{end}").exists() for root in FOLDERS for end in ("", ".py"))
