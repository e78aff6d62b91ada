"""Records versions of a program in the ledger: the baseline and the programs built from it."""

from __future__ import annotations

from memory.ledger.keys import step_key
from pelagos.nouns import Version
from tools.code.program.program import Program
from tools.code.task.code_task import CodeTask
from tools.toolchain import Context


def record_version(
    context: Context, program: Program, hypothesis: str | None, plan: str | None, summary: str
) -> Version:
    """The version of this content for this plan, recorded once."""
    content = program.store(context.artifacts)
    id = step_key(kind="version", content=content, hypothesis=hypothesis, plan=plan)
    version = Version(id=id, hypothesis=hypothesis, plan=plan, content=content, summary=summary)
    context.steps.ledger.record(version, id)
    return version


def load_original(task: CodeTask) -> Program:
    """The task's program as it was delivered."""
    return Program(task.sources(), task.editable)


def record_baseline(task: CodeTask, context: Context) -> Version:
    return record_version(context, load_original(task), None, None, "the untouched program")
