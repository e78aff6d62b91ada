"""The promise of the two stages, by simulation with fixed seeds; the large one is `python -m
benchmarks.judging.simulate`."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.judging.simulate import HYPOTHESES, METRIC, clopper_pearson, estimate_power, simulate, simulate_projects
from benchmarks.judging.worlds import WORLDS, World, draw, draw_resamples
from tools.paired.weigh import Arm, weigh

LEVEL = 0.1


def false_runs(world: World, runs: int, hypotheses: int, seed: int) -> int:
    return sum(bool(result.claimed) for result in simulate(world, runs, [0.0] * hypotheses, seed))


@pytest.mark.parametrize("world", [WORLDS[0], WORLDS[3]], ids=lambda world: world.name)
def test_false_claims_in_runs_of_50(world: World) -> None:
    low, _ = clopper_pearson(false_runs(world, 20, HYPOTHESES, seed=11), 20)
    assert low <= LEVEL


def test_false_claims_in_projects_of_several_runs_on_one_sealed_part() -> None:
    results_by_project = list(simulate_projects(WORLDS[3], 20, 4, [0.0] * 3, seed=12))
    assert clopper_pearson(sum(any(result.claimed for result in runs) for runs in results_by_project), 20)[0] <= LEVEL


def test_a_test_over_seeds_alone_would_not_hold_the_level() -> None:
    """The control: the same worlds with the item resamples withheld."""
    world, rng = World("items", 4.0, items=40), np.random.default_rng(5)
    hits = 0
    for _ in range(60):
        drawn = draw(world, np.zeros(1), 8, rng, draw_resamples(40))
        baseline, candidate = Arm(drawn.baseline.scores), Arm(drawn.candidates[0].scores)
        hits += weigh(baseline, candidate, METRIC, range(8), 0.95).p_value <= LEVEL
    assert clopper_pearson(hits, 60)[0] > LEVEL


@pytest.mark.parametrize(("world", "least"), [(WORLDS[0], 0.95), (WORLDS[3], 0.7)], ids=["seeds", "both"])
def test_power_alone(world: World, least: float) -> None:
    assert estimate_power(world, 100, [2.0], seed=12) >= least


@pytest.mark.parametrize("world", [World("w", share, items=50) for share in (0.0, 1.0, np.inf)])
def test_the_simulated_paired_difference_has_variance_one(world: World) -> None:
    rng, weights = np.random.default_rng(0), draw_resamples(50)
    differences = []
    for _ in range(1500):
        drawn = draw(world, np.zeros(1), 2, rng, weights)
        differences.append(drawn.candidates[0].scores[0] - drawn.baseline.scores[0])
    assert np.var(differences) == pytest.approx(1.0, rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_5000_nulls_in_runs_of_50(world: World) -> None:
    assert clopper_pearson(false_runs(world, 100, HYPOTHESES, seed=13), 100)[0] <= LEVEL
