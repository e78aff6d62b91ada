"""Audits one version: scan and access findings first, which need no run; if they find nothing, the controls in turn.

The first check with findings ends the audit; later controls are not run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pelagos.nouns import Audit, Experiment, OutcomeKind, Version
from tools.code.audit.access import collect_access_findings
from tools.code.audit.controls.control_data import CONTROL, SEALED
from tools.code.audit.controls.control_runs import ControlRuns, Run
from tools.code.audit.controls.control_seeds import find_judged_seeds
from tools.code.audit.scan.scan import scan
from tools.code.audit.scan.volume import check_volume
from tools.code.audit.seed_invariance import find_pinned_seeds, find_unchanging_predictions, replace_constant_seeds
from tools.code.program import versions
from tools.code.program.program import Program
from tools.code.task.code_task import CodeTask
from tools.code.task.data import TaskData
from tools.toolchain import Context


def audit_version(task: CodeTask, version: Version, data: TaskData, context: Context, run_version: Run) -> Audit:
    """`run_version` executes and scores an experiment once. Raises CapReached, RunFailed and EvaluationError."""
    program, original = Program.load(context.artifacts, version.content), versions.load_original(task)
    baseline = versions.record_baseline(task, context)
    seeds = find_judged_seeds(task.seeds, (version, baseline), context)
    version_runs, baseline_runs = (
        [run_version(audited, seed, "validation") for seed in seeds] for audited in (version, baseline)
    )
    findings = scan(program, original, data["validation"].n) + check_volume(program, original)
    findings += collect_access_findings(version_runs, baseline_runs, context)
    if findings:
        return Audit(id=version.id, findings=findings, checks=["scan", "signs"])
    controls = ControlRuns(
        task, version, baseline, data, context, run_version, seeds, version_runs, baseline_runs, ["scan", "signs"]
    )
    checks: Sequence[Callable[[], list[str]]] = (
        partial(controls.check_relabelled, CONTROL),
        partial(_check_seed_invariance, controls, program, original),
        controls.check_regions,
        controls.check_moved_inputs,
    )
    findings = next((findings_of_check for check in checks if (findings_of_check := check())), [])
    findings += collect_access_findings(controls.evidence, baseline_runs, context)
    return Audit(
        id=version.id,
        findings=findings,
        checks=controls.checks,
        evidence=[experiment.id for experiment in controls.evidence],
    )


def audit_sealed_version(
    task: CodeTask, version: Version, seeds: Sequence[int], data: TaskData, context: Context, run_version: Run
) -> Audit:
    """Run the label control once more on the sealed stage's data, with one of its `seeds`."""
    baseline = versions.record_baseline(task, context)
    version_runs, baseline_runs = (
        [run_version(audited, seed, "sealed") for seed in seeds] for audited in (version, baseline)
    )
    controls = ControlRuns(task, version, baseline, data, context, run_version, seeds, version_runs, baseline_runs)
    findings = controls.check_relabelled(SEALED) + collect_access_findings(
        [*version_runs, *controls.evidence], baseline_runs, context
    )
    return Audit(
        id=version.id,
        findings=findings,
        checks=controls.checks,
        evidence=[experiment.id for experiment in controls.evidence],
    )


def _check_seed_invariance(controls: ControlRuns, program: Program, original: Program) -> list[str]:
    """Findings if predictions are the same for every seed. A constant seed counts only if another constant changes the
    predictions."""
    control = controls.evidence[0]
    runs = [control, *controls.version_runs, *controls.baseline_runs]
    if any(run.outcome is not OutcomeKind.OK for run in runs):
        return []
    controls.checks.append("sameness")
    control_predictions, *version_predictions = (
        _load_predictions(run, controls.context) for run in (control, *controls.version_runs)
    )
    baseline_predictions = [_load_predictions(run, controls.context) for run in controls.baseline_runs]
    findings = find_unchanging_predictions(version_predictions, control_predictions, baseline_predictions)
    pinned_seeds = find_pinned_seeds(version_predictions, baseline_predictions, program, original)
    if findings or not pinned_seeds:
        return findings
    reseeded = versions.record_version(
        controls.context,
        replace_constant_seeds(program),
        controls.version.hypothesis,
        controls.version.plan,
        "another constant seed",
    )
    rerun = controls.run(reseeded, control.seed, control.split)
    controls.evidence.append(rerun)
    matters = rerun.outcome is not OutcomeKind.OK or _load_predictions(rerun, controls.context) != control_predictions
    return pinned_seeds if matters else []


def _load_predictions(run: Experiment, context: Context) -> bytes:
    return context.artifacts.get(run.files["predictions"])
