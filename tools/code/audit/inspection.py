"""An audit of one version: the scan first, which costs nothing, then what has to be run."""

from __future__ import annotations

from pelagos.nouns import Audit, Version
from tools.code import versions
from tools.code.audit.scan import scan
from tools.code.data import TaskData
from tools.code.program import Program
from tools.code.task import CodeTask
from tools.toolchain import Context


def inspect(task: CodeTask, version: Version, data: TaskData, context: Context) -> Audit:
    program, baseline = Program.load(context.artifacts, version.content), versions.untouched(task)
    findings = scan(program, baseline, data["validation"].n)
    return Audit(id=version.id, findings=findings, checks=["scan"])
