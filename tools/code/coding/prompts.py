"""The prompts of this toolchain: what is stable stands first."""

from __future__ import annotations

from pathlib import Path

from pelagos.nouns import Hypothesis, Plan
from tools.code.coding import call_signatures, observed_calls, structure
from tools.code.coding.causes import Cause
from tools.code.coding.knowhow import choice
from tools.code.coding.observed_calls import Functions
from tools.code.coding.profiles import CodingProfile, Format
from tools.code.coding.structure import Structure
from tools.code.coding.traceback import Error
from tools.code.execution.smoke import BaselineProfile
from tools.code.program.program import Program
from tools.prompt import render
from tools.toolchain import Message

TEMPLATES = Path(__file__).with_name("prompts")


def draft(
    opening: str,
    program: Program,
    hypothesis: Hypothesis,
    plan: Plan,
    known: BaselineProfile,
    ways: CodingProfile,
    fault: Cause,
) -> list[Message]:
    """The question for a change of the hypothesis' target. `fault` is of an earlier try, or good."""
    path, _, name = hypothesis.target.partition("::")
    return render(
        TEMPLATES / "draft.j2",
        opening=opening,
        program=whole(program, ways),
        idea=f"{hypothesis.title}: {hypothesis.statement}",
        note=plan.note,
        steps=[step.text for step in plan.steps if step.text != hypothesis.statement],
        target=hypothesis.target,
        definition=program.source(hypothesis.target),
        knowhow=choice.select_note(plan.knowhow, hypothesis, program, ways.knowhow),
        observations=plan.observations,
        observed_chars=ways.observations,
        shapes=observed_calls.format_shapes(hypothesis.target, known.functions),
        libraries=call_signatures.format_signatures(program.source(hypothesis.target), known.libraries.get(path, {})),
        fault=fault.text,
        format=ways.draft,
        path=path,
        name=name,
    )


def repair(
    opening: str,
    program: Program,
    hypothesis: Hypothesis,
    plan: Plan,
    cause: Cause,
    error: Error | None,
    local: Structure,
    known: BaselineProfile,
    format: Format,
    observed_chars: int,
    criticism: str = "",
) -> list[Message]:
    """The question for a correction: the local structure around the fault, or its whole file if that is rewritten. Of
    each answer of a tool from outside `observed_chars` are shown."""
    address = local.address or hypothesis.target
    path, _, name = address.partition("::")
    return render(
        TEMPLATES / "repair.j2",
        opening=opening,
        format=format,
        path=path,
        name=name,
        file=program.files[path],
        structure=local.text,
        idea=f"{hypothesis.title}: {hypothesis.statement}",
        steps=(),
        note=plan.note,
        observations=plan.observations,
        observed_chars=observed_chars,
        fault=cause.text,
        seen=frames(error) if format == "file" else local.error_context,
        shapes=observed_calls.format_shapes(address, known.functions),
        criticism=criticism,
    )


def whole(program: Program, ways: CodingProfile) -> str:
    """The whole program for a strong model, as far as the budget goes; "" for another, which has its outline."""
    text = "\n\n".join(f"# {path}\n{text}" for path, text in program.files.items())
    return text if ways.whole_program and len(text) <= ways.program_budget else ""


def outline(program: Program, known: Functions) -> str:
    """Imports, constants and signatures of each file, with captured shapes as comments."""
    return "\n\n".join(f"# {path}\n{structure.format_outline(program, path, known)}" for path in program.trees)


def frames(error: Error | None) -> str:
    """The own-code frames with the values at the innermost, as a model reads them."""
    if error is None or not error.frames:
        return ""
    steps = [f"{frame.file} line {frame.line} in {frame.function}: {frame.source}" for frame in error.frames[-6:]]
    values = [f"  {name} = {value}" for name, value in list(error.frames[-1].values.items())[:12]]
    return "\n".join([*steps, *(["values there:", *values] if values else [])])
