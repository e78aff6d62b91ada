"""Builds a version's signature: amounts from its validation experiment with the first seed, names from its smoke run.

Both runs are needed anyway, so a signature costs no execution. Time and memory are measured by the sandbox.
"""

from __future__ import annotations

from memory.ledger.keys import step_key
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import Experiment, Signature, Version
from sandbox.border.report import Behaviour, stored_behaviour
from tools.code.behaviour.call_kinds import group_by_kind
from tools.code.execution.execution import BEHAVIOUR_FILE
from tools.code.execution.smoke import SmokeResult
from tools.code.task.code_task import CodeTask
from tools.toolchain import Context


def measure_signature(
    task: CodeTask, version: Version, experiment: Experiment, smoke: SmokeResult, context: Context
) -> Signature:
    """Build the signature once and record it. `experiment` is the one with the first seed; `smoke` the smoke run."""

    def action() -> tuple[Signature, Cost]:
        behaviour = _load_behaviour(experiment, context)
        return build_signature(version, experiment, behaviour, smoke.report.behaviour), Cost()

    key = step_key(version=version.id, task=task.digest)
    return context.steps.made(Signature, key, Intent(version=version.id), Cost(), action)


def build_signature(
    version: Version, experiment: Experiment, behaviour: Behaviour, smoke_behaviour: Behaviour
) -> Signature:
    amounts = {**behaviour.amounts, **_measured_resources(experiment)}
    names = group_by_kind(smoke_behaviour.calls) if smoke_behaviour.calls else {}
    if names and behaviour.rates:
        names["learning rates"] = [behaviour.rates]
    return Signature(id=version.id, hypothesis=version.hypothesis, amounts=amounts, names=names)


def _load_behaviour(experiment: Experiment, context: Context) -> Behaviour:
    artifact = experiment.files.get(BEHAVIOUR_FILE)
    return stored_behaviour(context.artifacts.get(artifact)) if artifact else Behaviour()


def _measured_resources(experiment: Experiment) -> dict[str, float]:
    """Resources as measured by the sandbox. Without a graphics card "seconds" is CPU time, which does not grow while
    the program waits."""
    cpu_seconds = experiment.cpu_seconds or experiment.seconds
    resources = {
        "seconds": experiment.seconds if experiment.peak_gpu_mb else cpu_seconds,
        "memory in MB": experiment.peak_memory_mb,
        "card memory in MB": experiment.peak_gpu_mb,
    }
    return {name: amount for name, amount in resources.items() if amount}
