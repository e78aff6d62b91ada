"""Arms for the tests of judging: drawn, not mocked."""

from __future__ import annotations

import numpy as np

from pelagos.nouns import Direction, Metric
from tools.paired.weigh import Arm

UP = Metric(name="accuracy", direction=Direction.UP, min_effect=0.01)
DOWN = Metric(name="rmse", direction=Direction.DOWN, min_effect=0.01)
SEEDS = list(range(8))
CONFIDENCE = 0.95


def arm(scores: list[float], replicates: list[list[float]] | None = None, failed: tuple[int, ...] = ()) -> Arm:
    """Scores of seeds 0, 1, ...; without replicates the seeds alone are the noise."""
    return Arm(dict(enumerate(scores)), dict(enumerate(replicates or [])), frozenset(failed))


def pair(rng: np.random.Generator, effect: float, seeds: int = 8, items: int = 80) -> tuple[Arm, Arm]:
    """A baseline and a candidate with real-valued items, noise over seeds and over items."""
    weights = rng.multinomial(items, np.full(items, 1 / items), size=50) / items
    arms = []
    for shift in (0.0, effect):
        values = shift + 0.02 * rng.normal(size=(seeds, 1)) + 0.1 * rng.normal(size=(seeds, items))
        values = values + 0.1 * rng.normal(size=(1, items)) + 0.8
        arms.append(arm(values.mean(axis=1).tolist(), (values @ weights.T).tolist()))
    return arms[0], arms[1]
