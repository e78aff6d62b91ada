"""Draws simulated runs for `judge`: scores and item resamples of a baseline and many hypotheses, anew for each run.

A paired difference is mean + seed + item + seed-by-item, on a number of validation items; the same 200 resamples of
the items for both arms and all seeds, as the evaluator makes them. Nothing here knows how judge works.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.paired.weigh import Arm

Floats = NDArray[np.float64]
RESAMPLES = 200
DENSITY = 0.25  # share of items per unit of latent margin
WOBBLE = 0.6  # standard deviation of one arm's margin on one item


@dataclass(frozen=True)
class World:
    """`item_share`: variance from items over variance from seeds, in one paired difference (inf: programs without
    chance). `noise` says what seeds do: "shift" all items alike, flip items "each" on its own, or half and half.
    `discrete`: right-or-wrong items, else real-valued ones. `skewed`: items with a heavy right tail (squared
    errors). `heavy`: what a seed does has the tails of Student's t with 3 degrees of freedom.
    """

    name: str
    item_share: float = 0.0
    items: int = 100
    noise: str = "half"
    discrete: bool = False
    skewed: bool = False
    heavy: bool = False


@dataclass(frozen=True)
class Draw:
    """One run's results: the baseline's arm, and one per hypothesis."""

    baseline: Arm
    candidates: list[Arm]


def split_variance(world: World) -> tuple[float, float, float]:
    """Return the standard deviations, for one arm, of the seed, item and seed-by-item parts of a SINGLE score; the paired
    difference of two arms has a variance of exactly 1.
    """
    seed_var = 0.0 if np.isinf(world.item_share) else 1 / (1 + world.item_share)
    item_var = 1 - seed_var
    each = {"shift": 0.0, "half": 0.5, "each": 1.0}[world.noise]
    return tuple(float(np.sqrt(v / 2)) for v in (seed_var * (1 - each), item_var, seed_var * each))  # type: ignore[return-value]


def draw_resamples(items: int) -> Floats:
    """Return (RESAMPLES, items): the weight of each item in each resample; fixed, as the evaluator's are."""
    draws = np.random.default_rng(0).integers(0, items, size=(RESAMPLES, items))
    return np.stack([np.bincount(row, minlength=items) for row in draws]) / items


WORLDS = (
    World("seeds only, all items alike", 0.0, noise="shift"),
    World("seeds only, each item", 0.0, noise="each"),
    World("items / seeds = 0.25", 0.25),
    World("items / seeds = 1", 1.0),
    World("items / seeds = 4", 4.0),
    World("no chance in training (variance 0 over seeds)", np.inf),
    World("skewed items, share 1", 1.0, items=90, noise="each", skewed=True),
    World("heavy-tailed seeds, share 1", 1.0, noise="shift", heavy=True),
    World("items / seeds = 1, 20 items", 1.0, items=20),
    World("accuracy on 20 items, share 1", 1.0, items=20, discrete=True),
    World("accuracy on 60 items, share 1", 1.0, items=60, discrete=True),
    World("accuracy on 60 items, no chance in training", np.inf, items=60, discrete=True),
    World("accuracy on 400 items, share 0", 0.0, items=400, discrete=True),
)


def take_seeds(arm: Arm, count: int) -> Arm:
    seeds = sorted(arm.scores)[:count]
    return Arm({seed: arm.scores[seed] for seed in seeds}, {seed: arm.replicates[seed] for seed in seeds})


def draw(world: World, effects: Floats, seeds: int, rng: np.random.Generator, weights: Floats) -> Draw:
    """Draw one run with a hypothesis per entry of `effects` (in SD of one paired difference), and its baseline."""
    make = _draw_discrete if world.discrete else _draw_real
    arms = [_make_arm(make(world, effect, seeds, rng), weights) for effect in (0.0, *effects)]
    return Draw(arms[0], arms[1:])


def _make_arm(values: Floats, weights: Floats) -> Arm:
    """Make an arm of `values` (seeds, items), one term of the metric per item."""
    replicates = values @ weights.T
    means = values.mean(axis=1)
    return Arm(dict(enumerate(means.tolist())), dict(enumerate(replicates)))


def _draw_real(world: World, effect: float, seeds: int, rng: np.random.Generator) -> Floats:
    shift, item, each = split_variance(world)
    n = world.items
    seed = rng.standard_t(3, size=(seeds, 1)) / np.sqrt(3) if world.heavy else rng.normal(size=(seeds, 1))
    values = shift * seed + item * np.sqrt(n) * _draw_items(world, (1, n), rng)
    if each:
        values = values + each * np.sqrt(n) * _draw_items(world, (seeds, n), rng)
    return effect + np.broadcast_to(values, (seeds, n))


def _draw_items(world: World, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Draw values of mean 0 and variance 1."""
    if not world.skewed:
        return rng.normal(size=shape)
    return np.asarray((rng.chisquare(1, size=shape) - 1) / np.sqrt(2))


def _draw_discrete(world: World, effect: float, seeds: int, rng: np.random.Generator) -> Floats:
    """Draw 1 (right) if an item's latent margin is above 0, else 0. Difficulties are evenly spread, about 85 % right."""
    share = 1.0 if np.isinf(world.item_share) else world.item_share / (1 + world.item_share)
    n = world.items
    margin = np.linspace(-0.15, 0.85, n)[None, :] / DENSITY
    margin = margin + WOBBLE * np.sqrt(share) * rng.normal(size=(1, n))
    if share < 1:
        margin = margin + WOBBLE * np.sqrt(1 - share) * rng.normal(size=(seeds, n))
    # two arms disagree on a share DENSITY * E|difference of their margins| of the items
    sd = np.sqrt(DENSITY * WOBBLE * 2 / np.sqrt(np.pi) / n)
    right = np.asarray(margin + effect * sd / DENSITY > 0, dtype=np.float64)
    return np.broadcast_to(right, (seeds, n))
