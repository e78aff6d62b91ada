"""Takes a changed program that somebody else wrote: reads it beside the task's own, and makes a build of it.

It goes through what a model's program goes through: smoke run, effect, full run, fidelity. It is tried once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memory.ledger.keys import canonical, step_key
from pelagos.errors import BadInput
from pelagos.nouns import Build, Try
from tools.abilities import Given
from tools.code.coding.candidates import Candidate, CandidateRunner
from tools.code.coding.causes import Cause
from tools.code.program.program import Program, find_targets
from tools.code.program.sources.text import read_source
from tools.code.program.versions import load_original
from tools.code.task.code_task import CodeTask

MAX_BYTES = 1_000_000
"""Of one program file."""
MAX_DETAIL = 400
LETTERS = str.maketrans("0123456789", "ghijklmnop")


def read_submission(task: CodeTask, source: Path) -> Given:
    """Read a folder with the changed files at their places below the task's folder, or one changed file by its name.
    Raises BadInput, a line per fault."""
    original = load_original(task)
    files = _find_files(task, source)
    faults = [fault for path, file in files.items() if (fault := _find_fault(path, file, original))]
    if faults:
        raise BadInput(*(f"{source}: {fault}" for fault in faults))
    program = original.with_files({path: _read(file) for path, file in files.items() if path in original.editable})
    if unparsed := [path for path in program.editable if path.endswith(".py") and path not in program.trees]:
        raise BadInput(*(f"{source}: {path}: isn't Python that parses: mend its syntax" for path in unparsed))
    if not program.differs(original):
        raise BadInput(f"{source}: is the task's own program: change one of {', '.join(original.editable)}")
    content = {"files": dict(program.files), "editable": list(program.editable)}
    return Given(_find_target(program, original), content, _name_content(content))


def build_submission(runner: CandidateRunner, content: str) -> Build:
    """Raises RunFailed, CapReached and Interrupted. A program that doesn't run is a build without a version."""
    program = Program.load(runner.context.artifacts, content)
    candidate = runner.run(program) if program.differs(runner.baseline) else Candidate(Cause("no_change"))
    version, cause = candidate.version.id if candidate.version else None, candidate.cause
    attempt = Try(index=0, kind="draft", cause=cause.kind or "ok", detail=cause.detail[:MAX_DETAIL], version=version)
    plan, hypothesis = runner.plan.id, runner.hypothesis.id
    runner.context.say(f"{hypothesis}: the program that was handed in: {cause.line or 'runs'}")
    id = step_key(kind="build", plan=plan, hypothesis=hypothesis)
    return Build(id=id, hypothesis=hypothesis, plan=plan, version=version, cause=cause.kind, tries=[attempt])


def _name_content(content: Mapping[str, Any]) -> str:
    """Return twelve letters of the content's hash: no digits, which a check of a claim's numbers would read."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:12].translate(LETTERS)


def _find_files(task: CodeTask, source: Path) -> dict[str, Path]:
    """Return path in the program -> file that was handed in."""
    if source.is_dir():
        return {path: source / path for path in _list_program_files(source, task)}
    if not source.is_file():
        raise BadInput(f"{source}: no such file or folder: name the changed program")
    fitting = [path for path in task.editable if Path(path).name == source.name]
    if len(fitting) != 1:
        which = "several files of that name" if fitting else "no file of that name that may be changed"
        raise BadInput(f"{source}: the task has {which}: hand in a folder with {', '.join(task.editable)}")
    return {fitting[0]: source}


def _list_program_files(folder: Path, task: CodeTask) -> Iterator[str]:
    """Yield the program's files below a folder, and further Python files; the task's evaluator belongs to neither."""
    known = [*task.spec.editable, *task.spec.files]
    yield from (path for path in known if (folder / path).is_file())
    for file in sorted(folder.rglob("*.py")):
        below = file.relative_to(folder)
        hidden = any(part.startswith(".") for part in below.parts)
        if not hidden and (path := below.as_posix()) not in known and path not in task.contents:
            yield path


def _find_fault(path: str, file: Path, original: Program) -> str:
    """Return why a file that was handed in can't be taken, "" where it can."""
    if path not in original.files:
        return f"{path}: isn't a file of the task's program: put its code into {', '.join(original.editable)}"
    if file.is_symlink():
        return f"{path}: is a symbolic link: put the file itself there"
    if file.stat().st_size > MAX_BYTES:
        return f"{path}: is larger than {MAX_BYTES // 1_000_000} MB"
    if path not in original.editable and _read(file) != original.files[path]:
        return f"{path}: must not be changed: only {', '.join(original.editable)} may be"
    return ""


def _read(file: Path) -> str:
    try:
        return read_source(file)
    except BadInput as error:
        raise BadInput(*(f"{file}: {fault}" for fault in error.faults)) from None


def _find_target(program: Program, original: Program) -> str:
    """Return the first target whose code changed, else the first target."""
    targets = list(find_targets(original))
    for target in targets:
        if program.node(target) is None or program.source(target) != original.source(target):
            return target
    return targets[0] if targets else program.editable[0]
