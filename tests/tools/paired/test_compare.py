"""From recorded experiments to evidence, and from evidence to what is recorded of it."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.judging.evidence_ids import list_evidence_ids
from memory.artifacts import ArtifactStore
from pelagos.nouns import Direction, Effect, Experiment, Metric, OutcomeKind
from tests.tools.paired.arms import CONFIDENCE, UP
from tools.evidence import Evidence
from tools.paired.compare import collect_arm, compare

SECONDS = Metric(name="seconds", direction=Direction.DOWN, unit="s", min_effect=2.0)


def ran(seed: int, score: float | None, outcome: OutcomeKind = OutcomeKind.OK, **more: Any) -> Experiment:
    fixed: dict[str, Any] = {"version": "v", "hypothesis": "h", "split": "validation"}
    return Experiment(id=f"e{seed}", seed=seed, outcome=outcome, score=score, **fixed, **more)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path)


def test_seeds_without_a_finite_score_failed(store: ArtifactStore) -> None:
    kept = store.put_json([0.5, 0.75])
    experiments = [
        ran(1, 0.5, replicates=kept), ran(2, None, OutcomeKind.ERROR), ran(3, 0.7, OutcomeKind.TIMEOUT), ran(4, None),
        ran(5, 0.25), ran(6, math.inf), ran(7, math.nan),
    ]  # fmt: skip
    results = collect_arm(experiments, store)
    assert results.scores == {1: 0.5, 5: 0.25}
    assert results.replicates == {1: [0.5, 0.75]}
    assert results.failed == {2, 3, 4, 6, 7}


def test_the_baselines_runs_stand_behind_the_candidates_on_the_same_seeds() -> None:
    baseline, candidate = [ran(seed, 0.5) for seed in (1, 2, 3, 4)], [ran(3, 0.6), ran(1, 0.6)]
    assert list_evidence_ids(candidate, baseline) == ["e3", "e1", "e1", "e3"]
    assert list_evidence_ids([], baseline) == []


def test_guards_count_on_seeds_with_a_score_alone(store: ArtifactStore) -> None:
    task: Any = SimpleNamespace(metric=UP, guards=[SECONDS])

    def weigh_guards(baseline: float, candidate: float, failed: float) -> Evidence:
        before = [ran(seed, 0.5 + seed / 100, guards={"seconds": baseline}) for seed in (1, 2, 3)]
        after = [ran(seed, 0.6 + seed / 90, guards={"seconds": candidate}) for seed in (1, 2)]
        after.append(ran(3, None, OutcomeKind.ERROR, guards={"seconds": failed}))
        return compare(before, after, task, CONFIDENCE, store)

    assert weigh_guards(1.0, 9.0, 1.0).harms == ("guard seconds is worse by 8 s (allowed 2)",)
    assert weigh_guards(1.0, 1.0, 99.0).harms == ()
    evidence = weigh_guards(1.0, 1.0, 1.0)
    assert (evidence.seeds, evidence.failed, evidence.confidence) == (2, (3,), CONFIDENCE)
    effect = evidence.effect
    assert effect is not None
    assert (effect.baseline_score, effect.value) == (pytest.approx(0.515), pytest.approx(0.1 + 0.015 / 9))
    assert effect.score == pytest.approx(0.6 + 0.015 / 0.9)


def test_one_seed_has_scores_and_an_unbounded_interval(store: ArtifactStore) -> None:
    task: Any = SimpleNamespace(metric=UP, guards=[])
    evidence = compare([ran(1, 0.5)], [ran(1, 0.75)], task, CONFIDENCE, store)
    assert evidence.effect == Effect(
        value=0.25, low=None, high=None, p_value=1.0, seeds=1, baseline_score=0.5, score=0.75
    )
    assert not evidence.tested
