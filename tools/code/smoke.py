"""The smoke run: tiny data, short limit, own functions watched. A step of its own, so a resumed run doesn't repeat it.

It is no experiment: nothing is scored. Its predictions and fingerprints say whether a change behaves differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from memory.budget import Cost
from memory.keys import step_key
from pelagos.nouns import OutcomeKind
from sandbox.border.report import Function, Report, stored_report
from tools.code import shapes
from tools.code.causes import Cause
from tools.code.data import SplitData
from tools.code.execution import allotted, execute
from tools.code.libraries import Libraries
from tools.code.program import Program
from tools.code.task import CodeTask
from tools.code.traceback import Error, error_of
from tools.toolchain import Context

PATIENCE = 3  # one that timed out without having computed gets so much longer once: the machine may have been busy
TIMES = 2  # the baseline runs so often: what differs between two equal runs can't tell two programs apart


@dataclass(frozen=True)
class Trial:
    """What a smoke run showed. `predictions` is the artifact's hash, "" where there were none."""

    cause: Cause
    predictions: str
    report: Report
    log: str

    @property
    def error(self) -> Error | None:
        return error_of(self.report)

    @property
    def lines(self) -> dict[str, list[int]]:
        return self.report.trace.lines


@dataclass(frozen=True)
class Known:
    """What smoke runs of the baseline showed: shapes, lines that ran, what library functions take, and what is the
    same each time."""

    functions: Mapping[str, Function]
    lines: Mapping[str, list[int]]
    predictions: str
    fingerprints: Mapping[str, str]
    libraries: Libraries

    def same(self, trial: Trial) -> bool:
        """Whether a trial can't be told from the baseline: equal predictions, equal fingerprints."""
        differs = shapes.behaves_differently(self.fingerprints, shapes.fingerprints(trial.report))
        return trial.predictions == self.predictions and not differs


def smoke(task: CodeTask, program: Program, data: SplitData, context: Context, sample: int = 0) -> Trial:
    """Run on the smoke data with the first seed, once per content and sample. Raises RunFailed and CapReached."""
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

    def action() -> tuple[dict[str, Any], Cost]:
        with allotted(limits, context) as gpus:
            done = execute(task, program, data, seed, context.sandbox, limits=limits, watch=True, gpus=gpus)
            if done.outcome.kind is OutcomeKind.TIMEOUT and done.outcome.cpu_seconds < limits.seconds / 2:
                longer = replace(limits, seconds=PATIENCE * limits.seconds)
                done = execute(task, program, data, seed, context.sandbox, limits=longer, watch=True, gpus=gpus)
        payload = {
            "content": content,
            "outcome": done.outcome.kind.value,
            "cause": done.cause.kind,
            "detail": done.cause.detail,
            "predictions": context.artifacts.put(done.predictions) if done.predictions and done.cause.good else "",
            "report": context.artifacts.put_json(done.report.model_dump(mode="json", exclude_defaults=True)),
            "log": context.artifacts.put_text(done.outcome.log),
            "seconds": round(done.outcome.seconds, 3),
            "isolation": done.outcome.isolation,
        }
        return payload, Cost()

    found = context.steps.once("smoke", key, {"content": content, "sample": sample}, Cost(), action)
    report = stored_report(context.artifacts.get(found["report"]))
    log = context.artifacts.text(found["log"])
    return Trial(Cause(found["cause"], found["detail"]), found["predictions"], report, log)


def know(task: CodeTask, baseline: Program, data: SplitData, context: Context) -> Known:
    """The baseline's smoke runs. One that fails leaves nothing known: its full run will say so."""
    trials = [smoke(task, baseline, data, context, sample) for sample in range(TIMES)]
    first, last = trials[0], trials[-1]
    steady = shapes.steady(shapes.fingerprints(first.report), shapes.fingerprints(last.report))
    agreed = first.predictions if first.predictions == last.predictions else ""
    return Known(shapes.functions(first.report), first.lines, agreed, steady, first.report.libraries)
