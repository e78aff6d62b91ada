"""An audit of one version: scan and signs first, which cost nothing; where they find nothing, the controls in turn.

What is found ends it: a later control isn't run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pelagos.nouns import Audit, Experiment, OutcomeKind, Version
from tools.code import versions
from tools.code.audit.controls import CONTROL, SEALED
from tools.code.audit.draw import judged
from tools.code.audit.sameness import otherwise_pinned, pinned, unchanging
from tools.code.audit.scan import scan
from tools.code.audit.signs import signs
from tools.code.audit.trial import Run, Trial
from tools.code.audit.volume import volume
from tools.code.data import TaskData
from tools.code.program import Program
from tools.code.task import CodeTask
from tools.toolchain import Context


def inspect(task: CodeTask, version: Version, data: TaskData, context: Context, run: Run) -> Audit:
    """`run` executes and scores, once. Raises CapReached, RunFailed and EvaluationError."""
    program, untouched = Program.load(context.artifacts, version.content), versions.untouched(task)
    base = versions.baseline(task, context)
    seeds = judged(task.seeds, (version, base), context)
    real, usual = ([run(one, seed, "validation") for seed in seeds] for one in (version, base))
    findings = scan(program, untouched, data["validation"].n) + volume(program, untouched)
    findings += signs(real, usual, context)
    if findings:
        return Audit(id=version.id, findings=findings, checks=["scan", "signs"])
    trial = Trial(task, version, base, data, context, run, seeds, real, usual, ["scan", "signs"])
    checks: Sequence[Callable[[], list[str]]] = (
        partial(trial.relabelled, CONTROL),
        partial(_sameness, trial, program, untouched),
        trial.regional,
        trial.moved,
    )
    findings = next((found for check in checks if (found := check())), [])
    findings += signs(trial.evidence, usual, context)
    return Audit(id=version.id, findings=findings, checks=trial.checks, evidence=[one.id for one in trial.evidence])


def inspect_sealed(
    task: CodeTask, version: Version, seeds: Sequence[int], data: TaskData, context: Context, run: Run
) -> Audit:
    """The control once more, as the sealed stage looks: its data, and one of its `seeds`."""
    base = versions.baseline(task, context)
    real, usual = ([run(one, seed, "sealed") for seed in seeds] for one in (version, base))
    trial = Trial(task, version, base, data, context, run, seeds, real, usual)
    findings = trial.relabelled(SEALED) + signs([*real, *trial.evidence], usual, context)
    return Audit(id=version.id, findings=findings, checks=trial.checks, evidence=[one.id for one in trial.evidence])


def _sameness(trial: Trial, program: Program, untouched: Program) -> list[str]:
    """Predictions that nothing changes. A seed that is set to a constant is tried with another one before it counts."""
    control = trial.evidence[0]
    runs = [control, *trial.real, *trial.usual]
    if any(one.outcome is not OutcomeKind.OK for one in runs):
        return []
    trial.checks.append("sameness")
    taught, *real = (_predictions(one, trial.context) for one in (control, *trial.real))
    usual = [_predictions(one, trial.context) for one in trial.usual]
    findings = unchanging(real, taught, usual)
    pins = pinned(real, usual, program, untouched)
    if findings or not pins:
        return findings
    other = versions.record(
        trial.context, otherwise_pinned(program), trial.version.hypothesis, trial.version.plan, "another constant seed"
    )
    again = trial.run(other, control.seed, control.split)
    trial.evidence.append(again)
    matters = again.outcome is not OutcomeKind.OK or _predictions(again, trial.context) != taught
    return pins if matters else []


def _predictions(run: Experiment, context: Context) -> bytes:
    return context.artifacts.get(run.files["predictions"])
