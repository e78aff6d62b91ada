"""From recorded experiments to evidence: the one way in which judge and confirm read the ledger's numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeGuard

from agents.judging.evidence import Arm, Evidence, weigh
from agents.judging.guards import harms
from agents.judging.rules import Rules
from memory.artifacts import ArtifactStore
from pelagos.nouns import Experiment, OutcomeKind
from tools.toolchain import Task


class Ran(Protocol):
    @property
    def seed(self) -> int: ...
    @property
    def id(self) -> str: ...


def compare(
    base: Sequence[Experiment],
    candidate: Sequence[Experiment],
    task: Task,
    order: Sequence[int],
    rules: Rules,
    artifacts: ArtifactStore,
) -> Evidence:
    """One version's experiments on one split against the baseline's on the same."""
    arms = arm(base, artifacts), arm(candidate, artifacts)
    guards = [{e.seed: e.guards for e in experiments if _scored(e)} for experiments in (base, candidate)]
    return weigh(*arms, task.metric, order, rules, harms(task.guards, *guards))


def arm(experiments: Iterable[Experiment], artifacts: ArtifactStore) -> Arm:
    """Experiments that ended without a finite score are seeds that failed."""
    scores: dict[int, float] = {}
    replicates: dict[int, Sequence[float]] = {}
    failed: set[int] = set()
    for experiment in experiments:
        if not _scored(experiment):
            failed.add(experiment.seed)
            continue
        scores[experiment.seed] = _finite(experiment.score)
        if experiment.replicates:
            replicates[experiment.seed] = artifacts.json(experiment.replicates)
    return Arm(scores, replicates, frozenset(failed))


def evidence_ids(candidate: Sequence[Ran], base: Sequence[Ran]) -> list[str]:
    """The candidate's experiments first, then the baseline's on the same seeds."""
    seeds = {experiment.seed for experiment in candidate}
    return [e.id for e in candidate] + [e.id for e in base if e.seed in seeds]


def bounded(value: float) -> float | None:
    """An interval's end as JSON has it: none where it is unbounded."""
    return value if math.isfinite(value) else None


def _scored(experiment: Experiment) -> bool:
    return experiment.outcome is OutcomeKind.OK and _is_finite(experiment.score)


def _is_finite(score: float | None) -> TypeGuard[float]:
    return score is not None and math.isfinite(score)


def _finite(score: float | None) -> float:
    assert score is not None
    return score
