"""The promise of judge, by simulation with fixed seeds; the large one is `python -m benchmarks.judging.simulate`."""

from __future__ import annotations

import numpy as np
import pytest

from agents.judging.evidence import Arm, weigh
from agents.judging.rules import Rules
from benchmarks.judging.simulate import HYPOTHESES, METRIC, WORLDS, clopper_pearson, power, simulate
from benchmarks.judging.worlds import World, draw, resampling
from pelagos.settings import Judge

LEVEL = 0.1


def false_runs(world: World, runs: int, hypotheses: int, seed: int) -> int:
    return sum(bool(one.ever) for one in simulate(world, runs, [0.0] * hypotheses, seed))


@pytest.mark.parametrize("world", [WORLDS[0], WORLDS[3], WORLDS[8]], ids=lambda world: world.name)
def test_false_supported_in_runs_of_50(world: World) -> None:
    low, _ = clopper_pearson(false_runs(world, 20, HYPOTHESES, seed=11), 20)
    assert low <= LEVEL


def test_a_test_over_seeds_alone_would_not_hold_the_level() -> None:
    """The control: the same worlds with the item resamples withheld."""
    world, rng = World("items", 4.0, items=40), np.random.default_rng(5)
    rules = Rules.of(Judge(), seeds=8, hypotheses=1)
    found = 0
    for _ in range(60):
        drawn = draw(world, np.zeros(1), 8, rng, resampling(40))
        base, candidate = Arm(drawn.base.scores), Arm(drawn.candidates[0].scores)
        found += weigh(base, candidate, METRIC, range(8), rules).e_value >= 10
    assert clopper_pearson(found, 60)[0] > LEVEL


@pytest.mark.parametrize("world", [WORLDS[0], WORLDS[3]], ids=lambda world: world.name)
def test_power_alone(world: World) -> None:
    assert power(world, 200, [2.0], seed=12) >= (0.95 if world is WORLDS[0] else 0.8)


@pytest.mark.parametrize("share", [0.0, 1.0, np.inf])
def test_the_simulated_paired_difference_has_variance_one(share: float) -> None:
    world, rng = World("w", share, items=50), np.random.default_rng(0)
    weights = resampling(50)
    found = []
    for _ in range(1500):
        drawn = draw(world, np.zeros(1), 2, rng, weights)
        found.append(drawn.candidates[0].scores[0] - drawn.base.scores[0])
    assert np.var(found) == pytest.approx(1.0, rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_5000_nulls_in_runs_of_50(world: World) -> None:
    hits = false_runs(world, 100, HYPOTHESES, seed=13)
    assert hits <= LEVEL * 100
