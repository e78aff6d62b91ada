"""Renders the prompts of this toolchain: strict variables, what is stable first; what others wrote is fenced
(`pelagos/quoting.py`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pelagos.nouns import Hypothesis, Plan
from pelagos.quoting import code, inside
from tools.code import libraries, shapes, structure
from tools.code.causes import Cause
from tools.code.formats import Format, Ways
from tools.code.program import Program
from tools.code.shapes import Functions
from tools.code.smoke import Known
from tools.code.structure import Structure
from tools.code.traceback import Error
from tools.opening import SYSTEM
from tools.toolchain import Message


@cache
def _environment() -> Environment:
    folder = FileSystemLoader(Path(__file__).with_name("prompts"))
    environment = Environment(loader=folder, undefined=StrictUndefined, autoescape=False, trim_blocks=True)  # noqa: S701
    environment.filters |= {"inside": inside, "code": code}
    return environment


def draft(
    opening: str, program: Program, hypothesis: Hypothesis, plan: Plan, known: Known, ways: Ways, fault: Cause
) -> list[Message]:
    """The question for a change of the hypothesis' target. `fault` is of an earlier try, or good."""
    path, _, name = hypothesis.target.partition("::")
    text = (
        _environment()
        .get_template("draft.j2")
        .render(
            opening=opening,
            program=whole(program, ways),
            idea=f"{hypothesis.title}: {hypothesis.statement}",
            note=plan.note,
            steps=[step.text for step in plan.steps if step.text != hypothesis.statement],
            target=hypothesis.target,
            definition=program.source(hypothesis.target),
            shapes=shapes.comment(hypothesis.target, known.functions),
            libraries=libraries.comment(program.source(hypothesis.target), known.libraries.get(path, {})),
            fault=fault.text,
            format=ways.draft,
            path=path,
            name=name,
        )
    )
    return [Message("system", SYSTEM), Message("user", text)]


def repair(
    opening: str,
    program: Program,
    hypothesis: Hypothesis,
    note: str,
    cause: Cause,
    error: Error | None,
    local: Structure,
    known: Known,
    format: Format,
) -> list[Message]:
    """The question for a correction: the local structure around the fault, or its whole file if that is rewritten."""
    address = local.address or hypothesis.target
    path, _, name = address.partition("::")
    text = (
        _environment()
        .get_template("repair.j2")
        .render(
            opening=opening,
            format=format,
            path=path,
            name=name,
            file=program.files[path],
            structure=local.text,
            idea=f"{hypothesis.title}: {hypothesis.statement}",
            note=note,
            fault=cause.text,
            seen=frames(error) if format == "file" else local.seen,
            shapes=shapes.comment(address, known.functions),
        )
    )
    return [Message("system", SYSTEM), Message("user", text)]


def whole(program: Program, ways: Ways) -> str:
    """The whole program for a strong model, as far as the budget goes; "" for another, which has its outline."""
    text = "\n\n".join(f"# {path}\n{text}" for path, text in program.files.items())
    return text if ways.whole_program and len(text) <= ways.program_budget else ""


def outline(program: Program, known: Functions) -> str:
    """Imports, constants and signatures of each file, with captured shapes as comments."""
    return "\n\n".join(f"# {path}\n{structure.outline(program, path, known)}" for path in program.trees)


def frames(error: Error | None) -> str:
    """The own-code frames with the values at the innermost, as a model reads them."""
    if error is None or not error.frames:
        return ""
    steps = [f"{frame.file} line {frame.line} in {frame.function}: {frame.source}" for frame in error.frames[-6:]]
    values = [f"  {name} = {value}" for name, value in list(error.frames[-1].values.items())[:12]]
    return "\n".join([*steps, *(["values there:", *values] if values else [])])
