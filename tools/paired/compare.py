"""Turns recorded experiments of two versions on common seeds into evidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeGuard

from memory.artifacts import ArtifactStore
from pelagos.nouns import Experiment, OutcomeKind
from tools.evidence import Evidence
from tools.paired.guards import find_harms
from tools.paired.weigh import Arm, weigh
from tools.toolchain import Task


def compare(
    baseline: Sequence[Experiment],
    candidate: Sequence[Experiment],
    task: Task,
    confidence: float,
    artifacts: ArtifactStore,
) -> Evidence:
    """Return the evidence of one version's experiments on one split, in the order of their seeds, against the
    baseline's on the same split."""
    order = [experiment.seed for experiment in candidate]
    arms = collect_arm(baseline, artifacts), collect_arm(candidate, artifacts)
    guards = [
        {experiment.seed: experiment.guards for experiment in experiments if _has_score(experiment)}
        for experiments in (baseline, candidate)
    ]
    return weigh(*arms, task.metric, order, confidence, find_harms(task.guards, *guards))


def collect_arm(experiments: Iterable[Experiment], artifacts: ArtifactStore) -> Arm:
    """Collect one version's results. A seed whose experiment ended without a finite score has failed."""
    scores: dict[int, float] = {}
    replicates: dict[int, Sequence[float]] = {}
    failed: set[int] = set()
    for experiment in experiments:
        if not _has_score(experiment):
            failed.add(experiment.seed)
            continue
        scores[experiment.seed] = _finite_score(experiment.score)
        if experiment.replicates:
            replicates[experiment.seed] = artifacts.json(experiment.replicates)
    return Arm(scores, replicates, frozenset(failed))


def _has_score(experiment: Experiment) -> bool:
    return experiment.outcome is OutcomeKind.OK and _is_finite(experiment.score)


def _is_finite(score: float | None) -> TypeGuard[float]:
    return score is not None and math.isfinite(score)


def _finite_score(score: float | None) -> float:
    assert score is not None
    return score
