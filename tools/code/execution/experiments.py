"""Runs one experiment: executes a version with one seed on one split, scores it outside, and records the result once.

The program sees training data and inputs; the labels are mounted only in the evaluator's sandbox. Failures of the
program are data: an outcome with its cause and log. An evaluator or labels that changed since the run began end the
run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memory.files.live_logs import write_live_log
from memory.ledger.keys import step_key
from pelagos.errors import EvaluationError
from pelagos.facts.checks import Pin
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import Experiment, OutcomeKind, Split, Version
from sandbox.evaluation.evaluator import Evaluator
from tools.code.execution.execution import (
    ACCESS_FILE,
    BEHAVIOUR_FILE,
    REPORT_FILE,
    Execution,
    allocate_resources,
    execute,
)
from tools.code.program.program import Program
from tools.code.task.code_task import CodeTask
from tools.code.task.data import SplitData, digest_inputs
from tools.toolchain import Context

PINNED = Pin.KIND


def pin_data(task: CodeTask, data: Mapping[Split, SplitData], context: Context) -> None:
    """Record the hashes of evaluator, labels and inputs of each split, once per run. Every experiment and every score
    is checked against them."""
    evaluator = Evaluator(context.sandbox)
    for name, split in data.items():
        digest = evaluator.digest(split.labels, task.scorer)
        context.steps.ledger.record(Pin(digest=digest, inputs=digest_inputs(split)), name)


def pin_baseline(content: str, context: Context) -> None:
    """Record the baseline program's hash once per run. Raises EvaluationError if it differs from the recorded one."""
    pinned = context.steps.ledger.record(Pin(digest=content), "baseline").digest
    if pinned != content:
        raise EvaluationError(f"baseline program changed: {content[:12]}, pinned {pinned[:12]}", cause="tampered")


def run_experiment(
    task: CodeTask, version: Version, seed: int, split: Split, data: SplitData, context: Context
) -> Experiment:
    """Run and score the version, or return the finished experiment from the ledger. Raises CapReached, Interrupted,
    RunFailed if the sandbox fails at every attempt, and EvaluationError if evaluator, labels or inputs changed."""
    limits = task.smoke_limits if split == "smoke" else task.limits
    key = step_key(
        content=version.content,
        version=version.id,
        entry=task.spec.entry,
        seed=seed,
        split=split,
        data=data.digest,
        limits=vars(limits),
        packages=task.packages_digest,
    )

    run_folder = context.steps.ledger.path.parent
    about = {"hypothesis": version.hypothesis, "version": version.id, "seed": seed, "split": split}

    def action() -> tuple[Experiment, Cost]:
        _check_inputs(split, data, context)
        program = Program.load(context.artifacts, version.content)
        with allocate_resources(limits, context) as gpus, write_live_log(run_folder, key, about, context.say) as tell:
            execution = execute(
                task, program, data, seed, context.sandbox, limits=limits, watch=False, gpus=gpus, on_line=tell
            )
            scored = _score_execution(task, version, seed, split, data, context, key, execution)
        return scored, Cost(experiments=1)

    intent = Intent(version=version.id, seed=seed, split=split)
    return context.steps.made(Experiment, key, intent, Cost(experiments=1), action)


def _check_inputs(split: Split, data: SplitData, context: Context) -> None:
    pinned, digest = context.steps.ledger.fact(Pin, split) or Pin(), digest_inputs(data)
    if pinned.inputs is not None and pinned.inputs != digest:
        text = f"training data or inputs of {split} changed: {digest[:12]}, pinned {pinned.inputs[:12]}"
        raise EvaluationError(text, cause="tampered")


def _score_execution(
    task: CodeTask,
    version: Version,
    seed: int,
    split: Split,
    data: SplitData,
    context: Context,
    key: str,
    execution: Execution,
) -> Experiment:
    outcome, cause = execution.outcome, execution.cause.line
    kind = outcome.kind if execution.cause.good or outcome.kind is not OutcomeKind.OK else OutcomeKind.INVALID
    measured: dict[str, Any] = {}
    if execution.cause.good:
        try:
            pinned = (context.steps.ledger.fact(Pin, split) or Pin()).digest
            evaluator = Evaluator(context.sandbox)
            arguments = (data.labels, execution.predictions, task.metric, list(task.guards), task.scorer, pinned)
            scores = context.steps.retry("scoring", key, lambda: evaluator.score(*arguments))
            replicates = context.artifacts.put_json(list(scores.replicates))
            measured = {"score": scores.score, "replicates": replicates, "guards": dict(scores.guards)}
        except EvaluationError as error:
            if error.cause == "tampered":
                raise
            kind, cause = OutcomeKind.INVALID, f"bad_predictions: {error}"[:300]
    return Experiment(
        id=key,
        version=version.id,
        hypothesis=version.hypothesis,
        seed=seed,
        split=split,
        outcome=kind,
        cause=cause,
        seconds=round(outcome.seconds, 3),
        cpu_seconds=round(outcome.cpu_seconds, 3),
        peak_memory_mb=round(outcome.peak_memory_mb, 1),
        peak_gpu_mb=outcome.peak_gpu_mb,
        peak_disk_mb=round(outcome.peak_disk_mb, 1),
        isolation=outcome.isolation,
        data=data.digest,
        files=_store_files(execution, execution.predictions if measured else b"", context)
        | _store_behaviour(task, seed, split, execution, context),
        **measured,
    )


def _store_files(execution: Execution, scored: bytes, context: Context) -> dict[str, str]:
    """Store log, predictions, report and access findings; name -> artifact hash. `scored` are the predictions, or empty
    if they were not scored: refused predictions may be of any content and size, and are not stored."""
    files = {"log": context.artifacts.put_text(execution.outcome.log)}
    if scored:
        files["predictions"] = context.artifacts.put(scored)
    if execution.report.error is not None:
        files[REPORT_FILE] = context.artifacts.put_json(execution.report.model_dump(mode="json", exclude_defaults=True))
    if execution.access_findings:
        files[ACCESS_FILE] = context.artifacts.put_json(list(execution.access_findings))
    return files


def _store_behaviour(task: CodeTask, seed: int, split: Split, execution: Execution, context: Context) -> dict[str, str]:
    """Store the measured behaviour of the version's validation experiment with the first seed; empty for any other."""
    behaviour = execution.report.behaviour
    if split != "validation" or seed != task.seeds[0] or not behaviour.amounts:
        return {}
    return {BEHAVIOUR_FILE: context.artifacts.put_json(behaviour.model_dump(mode="json", exclude_defaults=True))}
