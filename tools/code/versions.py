"""Versions of a program as facts of the ledger: the baseline and what was built from it."""

from __future__ import annotations

from memory.keys import step_key
from pelagos.nouns import Version
from tools.code.program import Program
from tools.code.task import CodeTask
from tools.toolchain import Context


def record(context: Context, program: Program, hypothesis: str | None, plan: str | None, summary: str) -> Version:
    """The version of this content for this plan, recorded once."""
    content = program.store(context.artifacts)
    id = step_key(kind="version", content=content, hypothesis=hypothesis, plan=plan)
    version = Version(id=id, hypothesis=hypothesis, plan=plan, content=content, summary=summary)
    context.steps.ledger.append("version", id, version.model_dump(mode="json"))
    return version


def untouched(task: CodeTask) -> Program:
    """The task's program as it was delivered."""
    return Program(task.sources(), task.editable)


def baseline(task: CodeTask, context: Context) -> Version:
    return record(context, untouched(task), None, None, "the untouched program")
