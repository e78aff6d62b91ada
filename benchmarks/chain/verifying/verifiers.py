"""The verifiers that are compared, as `Verifier`s: outcome head, value head, ratio of values, implicit, exact rule."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from agents.verifiers.protocol import Solution, StepScores
from benchmarks.chain.domains.domain import Domain, check_steps
from benchmarks.chain.models.lm import HeadLm, TinyLm
from benchmarks.chain.verifying.reading import (
    MemoVerifier,
    read_boundaries,
    summed_log_ratio,
    value_log_odds,
)


def value_verifier(name: str, model: HeadLm) -> MemoVerifier:
    """Step t is scored by the chance of a right outcome after it; an outcome head is read the same way. Rewards are the
    differences of successive chances."""
    return _of_values(name, model, lambda values: StepScores(values[1:], rewards=tuple(_rise(values))))


def ratio_verifier(name: str, model: HeadLm) -> MemoVerifier:
    """Step t is scored by the share of the chance that it kept, at most 1 (GenPRM's relative progress)."""
    return _of_values(name, model, lambda values: StepScores(share_kept(values)))


def share_kept(values: Sequence[float]) -> list[float]:
    """Values before the first step and after each -> the share that each step kept, in [0, 1]."""
    return [min(1.0, after / before) if before > 0 else 0.0 for before, after in itertools.pairwise(values)]


def implicit_verifier(name: str, model: TinyLm, reference: TinyLm, beta: float) -> MemoVerifier:
    """Step rewards are beta x the log ratio of the step's tokens; scores their sigmoids."""

    def compute(solutions: Sequence[Solution]) -> list[StepScores]:
        sums = read_boundaries(solutions, summed_log_ratio(model, reference))
        return [_from_rewards([beta * rise for rise in _rise(row)]) for row in sums]

    return MemoVerifier(name, compute, model.parameters_count + reference.parameters_count, 2)


def rule_verifier(domain: Domain) -> MemoVerifier:
    """The exact check of each step."""

    def compute(solutions: Sequence[Solution]) -> list[StepScores]:
        return [StepScores([float(right) for right in check_steps(domain, solution)]) for solution in solutions]

    return MemoVerifier("rule", compute, 0, 0)


def _of_values(name: str, model: HeadLm, read: Callable[[list[float]], StepScores]) -> MemoVerifier:
    def compute(solutions: Sequence[Solution]) -> list[StepScores]:
        rows = read_boundaries(solutions, value_log_odds(model))
        return [read([_sigmoid(odds) for odds in row]) for row in rows]

    return MemoVerifier(name, compute, model.parameters_count, 1)


def _rise(values: Sequence[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(values)]


def _from_rewards(rewards: list[float]) -> StepScores:
    return StepScores([_sigmoid(reward) for reward in rewards], rewards=tuple(rewards))


def _sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))
