"""Tries once per run which modules of a task's packs can be imported, and says which are left out."""

from __future__ import annotations

from typing import Any

from memory.ledger.keys import step_key
from pelagos.facts.fact import Cost
from tools.code.task.code_task import CodeTask
from tools.code.task.packages import bind_packages
from tools.functions.function import Function
from tools.functions.packs import keep_usable
from tools.functions.trial import LIMITS, try_imports
from tools.toolchain import Context

KIND = "packs"


def find_usable_functions(task: CodeTask, context: Context) -> list[Function]:
    """The functions that a program may import: those of modules whose import is sound. Raises RunFailed where the
    sandbox fails at every attempt."""
    if not task.packs.modules:
        return []

    def action() -> tuple[dict[str, Any], Cost]:
        with context.slot(LIMITS.cpus):
            findings = try_imports(task.packs, context.sandbox, bind_packages(task.install()))
        faults = [str(fault) for fault in task.packs.faults]
        faults += [f"{module}: {line}" for module, lines in findings.items() for line in lines]
        for line in faults:
            context.say(f"left out: {line}")
        return {"digest": task.packs.digest, "findings": findings, "left_out": faults}, Cost()

    fact = context.steps.once(KIND, step_key(packs=task.packs.digest), {"task": task.name}, Cost(), action)
    return keep_usable(task.packs, fact["findings"])
