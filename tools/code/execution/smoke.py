"""Runs a program on the tiny smoke data with a short limit and traced functions, and profiles the baseline.

A smoke run is a recorded step, so a resumed run does not repeat it. It is not an experiment: nothing is scored. Its
predictions and fingerprints show whether a change behaves differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from memory.ledger.keys import step_key
from pelagos.facts.checks import Smoke
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import OutcomeKind
from sandbox.border.report import Function, Report, stored_report
from tools.code.coding import observed_calls
from tools.code.coding.call_signatures import CallSignatures
from tools.code.coding.causes import Cause
from tools.code.coding.traceback import Error, parse_error
from tools.code.execution.execution import allocate_resources, execute
from tools.code.program.program import Program
from tools.code.task.code_task import CodeTask
from tools.code.task.data import SplitData
from tools.toolchain import Context

RETRY_FACTOR = 3  # factor of the time limit in one retry after a timeout with little CPU time: the machine was busy
BASELINE_RUNS = 2  # what differs between two runs of the same program can't distinguish two programs


@dataclass(frozen=True)
class SmokeResult:
    """The result of one smoke run. `predictions` is the artifact's hash, "" if there are none."""

    cause: Cause
    predictions: str
    report: Report
    log: str

    @property
    def error(self) -> Error | None:
        return parse_error(self.report)


@dataclass(frozen=True)
class BaselineProfile:
    """What smoke runs of the baseline showed: captured shapes, library signatures, and the predictions (hash) and
    fingerprints that are equal in all of its runs."""

    functions: Mapping[str, Function]
    predictions: str
    fingerprints: Mapping[str, str]
    libraries: CallSignatures

    def matches(self, trial: SmokeResult) -> bool:
        """Whether a smoke result can't be distinguished from the baseline: equal predictions, equal fingerprints."""
        differs = observed_calls.behaves_differently(
            self.fingerprints, observed_calls.collect_fingerprints(trial.report)
        )
        return trial.predictions == self.predictions and not differs


def run_smoke(task: CodeTask, program: Program, data: SplitData, context: Context, sample: int = 0) -> SmokeResult:
    """Run a program on the smoke data with the first seed, once per content and `sample` (the repetition's number).
    Raises RunFailed and CapReached."""
    content, seed = program.store(context.artifacts), task.seeds[0]
    limits = task.smoke_limits
    key = step_key(
        content=content,
        entry=task.spec.entry,
        seed=seed,
        data=data.digest,
        limits=vars(limits),
        packages=task.packages_digest,
        n=sample,
    )

    def action() -> tuple[Smoke, Cost]:
        with allocate_resources(limits, context) as gpus:
            execution = execute(task, program, data, seed, context.sandbox, limits=limits, watch=True, gpus=gpus)
            if execution.outcome.kind is OutcomeKind.TIMEOUT and execution.outcome.cpu_seconds < limits.seconds / 2:
                longer = replace(limits, seconds=RETRY_FACTOR * limits.seconds)
                execution = execute(task, program, data, seed, context.sandbox, limits=longer, watch=True, gpus=gpus)
        made = Smoke(
            content=content,
            outcome=execution.outcome.kind.value,
            cause=execution.cause.kind,
            detail=execution.cause.detail,
            predictions=context.artifacts.put(execution.predictions)
            if execution.predictions and execution.cause.good
            else "",
            report=context.artifacts.put_json(execution.report.model_dump(mode="json", exclude_defaults=True)),
            log=context.artifacts.put_text(execution.outcome.log),
            seconds=round(execution.outcome.seconds, 3),
            isolation=execution.outcome.isolation,
        )
        return made, Cost()

    fact = context.steps.made(Smoke, key, Intent(content=content, sample=sample), Cost(), action)
    report = stored_report(context.artifacts.get(fact.report))
    return SmokeResult(Cause(fact.cause, fact.detail), fact.predictions, report, context.artifacts.text(fact.log))


def profile_baseline(task: CodeTask, baseline: Program, data: SplitData, context: Context) -> BaselineProfile:
    """Run the baseline BASELINE_RUNS times. A failed run leaves an empty profile: the full run reports the failure."""
    results = [run_smoke(task, baseline, data, context, sample) for sample in range(BASELINE_RUNS)]
    first, last = results[0], results[-1]
    stable = observed_calls.select_stable(
        observed_calls.collect_fingerprints(first.report), observed_calls.collect_fingerprints(last.report)
    )
    predictions = first.predictions if first.predictions == last.predictions else ""
    return BaselineProfile(observed_calls.collect_functions(first.report), predictions, stable, first.report.libraries)
