"""An audit of one version: scan and signs first, which cost nothing; where they find nothing, one control run.

The baseline's control serves all versions of a run. Runs that are recorded aren't repeated.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pelagos.nouns import Audit, Experiment, OutcomeKind, Split, Version
from tools.code import versions
from tools.code.audit.control import DISTINCT, compared, lean
from tools.code.audit.sameness import sameness
from tools.code.audit.scan import scan
from tools.code.audit.signs import signs
from tools.code.data import SplitData, TaskData
from tools.code.program import Program
from tools.code.task import CodeTask
from tools.toolchain import Context

Run = Callable[[Version, int, Split], Experiment]


def inspect(task: CodeTask, version: Version, data: TaskData, context: Context, run: Run) -> Audit:
    """`run` executes and scores, once. Raises CapReached, RunFailed and EvaluationError."""
    program, untouched = Program.load(context.artifacts, version.content), versions.untouched(task)
    base, first, second = versions.baseline(task, context), *task.seeds[:2]
    real, usual = ([run(one, seed, "validation") for seed in (first, second)] for one in (version, base))
    findings = scan(program, untouched, data["validation"].n) + signs(real, usual, context)
    if findings:
        return Audit(id=version.id, findings=findings, checks=["scan", "signs"])
    controls = [run(one, first, "control") for one in (version, base)]
    leanings = [lean(task, one, data["validation"], context) for one in controls]
    findings = compared(leanings[0], leanings[1], task.metric, _values(data["validation"]))
    if not findings and all(one.outcome is OutcomeKind.OK for one in (*controls, *real, *usual)):
        after, *rest = (context.artifacts.get(one.files["predictions"]) for one in (controls[0], *real, *usual))
        findings = sameness(rest[:2], after, rest[2:], program, untouched)
    checks = ["scan", "signs", "control" if None not in leanings else "control without a score", "sameness"]
    return Audit(id=version.id, findings=findings, checks=checks, evidence=[one.id for one in controls])


def _values(split: SplitData) -> bool:
    with np.load(split.labels, allow_pickle=False) as archive:
        y = archive["y"]
    return len(np.unique(y)) >= DISTINCT * len(y)
