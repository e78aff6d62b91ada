"""Builds a version of the baseline that trains as long as another version: scales one constant and measures the result.

A constant is only a guess until the signature shows the same amount of training. Smoke runs exclude wrong constants;
the remaining one runs once with the first seed, an experiment that the comparison needs anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from memory.ledger.keys import step_key
from pelagos.facts.checks import Match
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import Signature, Version
from tools.amounts import TOLERANCE, find_work_difference
from tools.code.execution.smoke import SmokeResult
from tools.code.matched.constants import Constant, find_training_constants, replace_constant
from tools.code.program import versions
from tools.code.program.program import Program
from tools.code.task.code_task import CodeTask
from tools.toolchain import Context

MAX_FACTOR = 10.0  # largest factor: a program may report any amount, and the matched baseline would have to train it
MAX_SMOKE_RUNS, MAX_FULL_RUNS = 6, 2  # constants tried in smoke runs, and constants tried in full runs


class VersionRunner(NamedTuple):
    """Functions that run a program and measure a version."""

    run_smoke: Callable[[Program], SmokeResult]
    measure_signature: Callable[[Version], Signature]


def build_matched_baseline(
    task: CodeTask,
    version: Version,
    baseline_signature: Signature,
    signature: Signature,
    runner: VersionRunner,
    context: Context,
) -> Version | None:
    """The matched baseline, built once and recorded. None if both train equally long or differ by more than MAX_FACTOR,
    or if no constant makes the baseline train as long. Raises CapReached."""
    difference = find_work_difference(baseline_signature, signature)
    if difference is None or max(difference[1], 1 / difference[1]) > MAX_FACTOR:
        return None
    name, factor = difference
    target = signature.amounts[name]

    def action() -> tuple[Match, Cost]:
        for constant, program in _candidates(task, name, factor, runner):
            matched = versions.record_version(
                context, program, version.hypothesis, version.plan, _summary(name, factor)
            )
            amount = runner.measure_signature(matched).amounts.get(name, 0.0)
            if _is_close(amount, target):
                where = f"{constant.path}:{constant.line} {constant.name} {constant.value}"
                return Match(version=matched.id, of=version.id, amount=name, constant=where), Cost()
        return Match(version=None, of=version.id, amount=name, constant=""), Cost()

    key = step_key(version=version.id, task=task.digest, amount=name, target=target)
    match = context.steps.made(Match, key, Intent(version=version.id), Cost(), action)
    return context.steps.ledger.fact(Version, match.version) if match.version else None


def _candidates(task: CodeTask, name: str, factor: float, runner: VersionRunner) -> Iterator[tuple[Constant, Program]]:
    """Programs whose smoke run trains `factor` times as long as the baseline's, at most MAX_FULL_RUNS."""
    baseline, remaining = versions.load_original(task), MAX_FULL_RUNS
    baseline_amount = _amount(runner.run_smoke(baseline), name)
    for constant in find_training_constants(baseline)[:MAX_SMOKE_RUNS]:
        value = max(1, round(constant.value * factor))
        if not remaining or value == constant.value or not baseline_amount:
            continue
        program = replace_constant(baseline, constant, value)
        if _is_close(_amount(runner.run_smoke(program), name), baseline_amount * factor):
            remaining -= 1
            yield constant, program


def _amount(result: SmokeResult, name: str) -> float:
    return result.report.behaviour.amounts.get(name, 0.0)


def _is_close(amount: float, target: float) -> bool:
    return target > 0 and abs(amount / target - 1) <= TOLERANCE


def _summary(name: str, factor: float) -> str:
    what = "steps" if name.endswith("steps") else name.partition(" of ")[0]
    return f"baseline with {factor:.3g} times the {what}"
