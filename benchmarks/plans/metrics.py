"""How well scores order plans: pairwise accuracy and top-1 regret, with bootstrap intervals over plans.

A pair is two plans of one task whose effects differ by more than twice their combined standard error; a plan that fails
is worse than each one that runs. A group is K plans of one task, of which the best scored one is chosen; equal scores
share the choice. Regret is in units of the task's noise, the SD of its own program's scores over seeds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
K, GROUPS, SEED, RESAMPLES = 4, 300, 4, 2000
"""Plans in a group, groups per task, seed of groups and resamples, bootstrap resamples."""
APART = 2.0


@dataclass(frozen=True)
class Labelled:
    """`effect` and `se` are in the task's noise; a plan that fails has the effect -inf."""

    id: str
    task: str
    text: str
    effect: float
    se: float


class Interval(NamedTuple):
    value: float
    low: float
    high: float

    def told(self, form: str = "{:.3f}") -> str:
        return f"{form.format(self.value)} ({form.format(self.low)} to {form.format(self.high)})"


@dataclass(frozen=True)
class Comparisons:
    """Places of plans: `pairs` (n, 2), the better plan first; `groups` (m, K)."""

    pairs: NDArray[np.int64]
    groups: NDArray[np.int64]


def compare(plans: Sequence[Labelled]) -> Comparisons:
    """The comparisons that every arm is judged by."""
    pairs, groups = [], []
    for places in by_task(plans).values():
        pairs += [(a, b) for a in places for b in places if a != b and _better(plans[a], plans[b])]
        draw = random.Random(SEED)
        groups += [draw.sample(places, K) for _ in range(GROUPS if len(places) >= K else 0)]
    return Comparisons(np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array(groups, dtype=np.int64).reshape(-1, K))


def by_task(plans: Sequence[Labelled]) -> dict[str, list[int]]:
    """Task -> places of its plans."""
    found: dict[str, list[int]] = {}
    for place, plan in enumerate(plans):
        found.setdefault(plan.task, []).append(place)
    return found


def pair_hits(scores: Floats, pairs: NDArray[np.int64]) -> Floats:
    """1 for a pair in the measured order, 0 for one in the other order, a half for equal scores."""
    better, worse = scores[pairs[:, 0]], scores[pairs[:, 1]]
    return np.where(better == worse, 0.5, (better > worse).astype(float))


def regrets(scores: Floats, gains: Floats, groups: NDArray[np.int64]) -> Floats:
    """Best gain of each group minus the gain of its best scored plan (the mean of those that share the best score)."""
    scored, gained = scores[groups], gains[groups]
    top = scored == scored.max(axis=1, keepdims=True)
    return np.asarray(gained.max(axis=1) - (gained * top).sum(axis=1) / top.sum(axis=1), dtype=float)


def gains_as_measured(plans: Sequence[Labelled]) -> Floats:
    """Effects; a plan that fails has the worst one measured in its task."""
    worst = {
        task: min((plans[place].effect for place in places if math.isfinite(plans[place].effect)), default=0.0)
        for task, places in by_task(plans).items()
    }
    return np.array([max(plan.effect, worst[plan.task]) for plan in plans])


def gains_kept(plans: Sequence[Labelled]) -> Floats:
    """What the loop gains: it keeps its program where a plan fails or makes it worse, so nothing is below 0."""
    return np.array([max(plan.effect, 0.0) for plan in plans])


def resample_counts(plans: Sequence[Labelled]) -> Floats:
    """How often each plan is drawn in each bootstrap resample, within its task: shape (RESAMPLES, plans)."""
    generator, counts = np.random.default_rng(SEED), np.zeros((RESAMPLES, len(plans)))
    for places in by_task(plans).values():
        counts[:, places] = generator.multinomial(len(places), [1 / len(places)] * len(places), size=RESAMPLES)
    return counts


def interval(values: Floats, members: NDArray[np.int64], counts: Floats) -> Interval:
    """Mean of `values`, one for each row of `members`, with its 95% bootstrap interval over plans: a comparison counts
    as often as its plans were drawn together."""
    if not len(values):
        return Interval(math.nan, math.nan, math.nan)
    means = []
    for drawn in counts:
        weights = drawn[members].prod(axis=1)
        if weights.any():
            means.append(float(np.average(values, weights=weights)))
    return Interval(float(values.mean()), *(float(np.quantile(means, q)) for q in (0.025, 0.975)))


def rank_correlation(scores: Sequence[float], effects: Sequence[float]) -> float:
    """Spearman's, with mean ranks for equal values."""
    from scipy.stats import spearmanr

    return float(spearmanr(scores, effects).statistic)


def scale_rows(rows: Sequence[Mapping[str, Any]], noise: Mapping[str, float]) -> list[Labelled]:
    """Rows of plans.jsonl -> plans with effects in units of noise; a row may tell its own noise."""
    return [_labelled(row, float(row.get("noise") or noise[row["task"]])) for row in rows]


def _labelled(row: Mapping[str, Any], noise: float) -> Labelled:
    runs = row["effect"] is not None
    effect, se = (row["effect"] / noise, row["se"] / noise) if runs else (-math.inf, 0.0)
    return Labelled(row["id"], row["task"], "\n".join(row["steps"]), effect, se)


def _better(one: Labelled, other: Labelled) -> bool:
    """Never true where both fail."""
    return one.effect - other.effect > APART * math.hypot(one.se, other.se)
