"""One scored execution of one version with one seed on one split: run inside, score outside, record once.

The program sees training data and inputs; the labels are mounted in the evaluator's own sandbox only. Whatever goes
wrong with the program is data: an outcome with its cause and its log. An evaluator or labels that changed since the
run began are no such thing: they end the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memory.budget import Cost
from memory.keys import step_key
from pelagos.errors import EvaluationError
from pelagos.nouns import Experiment, OutcomeKind, Split, Version
from sandbox.evaluator import Evaluator
from tools.code.data import SplitData, inputs_digest
from tools.code.execution import REPORT_FILE, SIGNS_FILE, Execution, allotted, execute
from tools.code.program import Program
from tools.code.task import CodeTask
from tools.toolchain import Context

PINNED = "evaluator"


def pin(task: CodeTask, data: Mapping[Split, SplitData], context: Context) -> None:
    """Record the hashes of evaluator and labels and of the inputs of each split, once per run; every experiment and
    every score is checked against them."""
    evaluator = Evaluator(context.sandbox)
    for name, split in data.items():
        digest = evaluator.digest(split.labels, task.scorer)
        context.steps.ledger.append(PINNED, name, {"digest": digest, "inputs": inputs_digest(split)})


def pin_baseline(content: str, context: Context) -> None:
    """Record the baseline program's hash, once per run, and compare. Raises EvaluationError where it changed."""
    held = context.steps.ledger.append(PINNED, "baseline", {"digest": content}).payload["digest"]
    if held != content:
        raise EvaluationError(f"baseline program changed: {content[:12]}, pinned {held[:12]}", cause="tampered")


def experiment(
    task: CodeTask, version: Version, seed: int, split: Split, data: SplitData, context: Context
) -> Experiment:
    """Raises CapReached, Interrupted, RunFailed where the sandbox fails at each attempt, and EvaluationError where
    evaluator, labels or inputs were changed. A finished one is returned from the ledger."""
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

    def action() -> tuple[dict[str, Any], Cost]:
        _unchanged(split, data, context)
        program = Program.load(context.artifacts, version.content)
        with allotted(limits, context) as gpus:
            done = execute(task, program, data, seed, context.sandbox, limits=limits, watch=False, gpus=gpus)
            made = _scored(task, version, seed, split, data, context, key, done)
        return made.model_dump(mode="json"), Cost(experiments=1)

    intent = {"version": version.id, "seed": seed, "split": split}
    payload = context.steps.once("experiment", key, intent, Cost(experiments=1), action)
    return Experiment(**{name: payload[name] for name in Experiment.model_fields if name in payload})


def _unchanged(split: Split, data: SplitData, context: Context) -> None:
    pinned, found = context.steps.ledger.find(PINNED, split) or {}, inputs_digest(data)
    if pinned.get("inputs", found) != found:
        text = f"training data or inputs of {split} changed: {found[:12]}, pinned {pinned['inputs'][:12]}"
        raise EvaluationError(text, cause="tampered")


def _scored(
    task: CodeTask,
    version: Version,
    seed: int,
    split: Split,
    data: SplitData,
    context: Context,
    key: str,
    done: Execution,
) -> Experiment:
    outcome, cause = done.outcome, done.cause.line
    kind = outcome.kind if done.cause.good or outcome.kind is not OutcomeKind.OK else OutcomeKind.INVALID
    measured: dict[str, Any] = {}
    if done.cause.good:
        try:
            pinned = (context.steps.ledger.find(PINNED, split) or {}).get("digest", "")
            evaluator = Evaluator(context.sandbox)
            given = (data.labels, done.predictions, task.metric, list(task.guards), task.scorer, pinned)
            scores = context.steps.tried("scoring", key, lambda: evaluator.score(*given))
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
        files=_files(done, done.predictions if measured else b"", context),
        **measured,
    )


def _files(done: Execution, scored: bytes, context: Context) -> dict[str, str]:
    """`scored`: its predictions, if they were; what was refused may be anything, and as large as is collected."""
    files = {"log": context.artifacts.put_text(done.outcome.log)}
    if scored:
        files["predictions"] = context.artifacts.put(scored)
    if done.report.error is not None:
        files[REPORT_FILE] = context.artifacts.put_json(done.report.model_dump(mode="json", exclude_defaults=True))
    if done.signs:
        files[SIGNS_FILE] = context.artifacts.put_json(list(done.signs))
    return files
