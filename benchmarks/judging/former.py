"""Applies the rules that the two stages are compared with, on validation data alone except for the oracle.

`e-BH` is what Pelagos did before: looks at 3, 5 and 8 seeds that spend 0.11, 0.19 and 0.7 of the level, p-values turned
into e-values, e-BH over all hypotheses of the run at 0.1 (docs/judging.md has its figures). Supported by it wasn't yet
confirmed on sealed data. The others use all 8 seeds of all hypotheses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.judging.worlds import Draw, World, draw, draw_resamples, take_seeds
from pelagos.nouns import Direction, Metric
from tools.paired.weigh import weigh

NAMES = ("e-BH before (any false)", "t-test each at 0.05", "higher is better", "oracle at 0.1")
METRIC = Metric(name="simulated", direction=Direction.UP, min_effect=1e-6)
LOOKS, SHARES, ALPHA = (3, 5, 8), (0.1125, 0.1875, 0.7), 0.1


def compare_rules(world: World, runs: int, effects: Sequence[float], seed: int) -> Iterator[tuple[float, float]]:
    """Yield for each of NAMES the shares of runs in which the first hypothesis is found, and in which a false one is."""
    rng, weights, choices = np.random.default_rng(seed), draw_resamples(world.items), []
    for _ in range(runs):
        drawn = draw(world, np.array(effects), LOOKS[-1], rng, weights)
        choices.append([_choose_by_e_bh(drawn), _choose_by_t_tests(drawn), _choose_higher(drawn), _choose_first(drawn)])
    for choices_of_rule in zip(*choices, strict=True):
        yield (
            float(np.mean([0 in chosen for chosen in choices_of_rule])),
            float(np.mean([bool(chosen - {0}) for chosen in choices_of_rule])),
        )


def _p_value(drawn: Draw, index: int, seeds: int) -> float:
    arms = (take_seeds(arm, seeds) for arm in (drawn.baseline, drawn.candidates[index]))
    return weigh(*arms, METRIC, range(seeds), 0.95).p_value


def _choose_by_e_bh(drawn: Draw) -> set[int]:
    count = len(drawn.candidates)
    adjusted = {
        index: min(1.0, *(_p_value(drawn, index, look) / share for look, share in zip(LOOKS, SHARES, strict=True)))
        for index in range(count)
    }
    e_values = {index: _to_e_value(p, count) for index, p in adjusted.items()}
    return _reject(e_values)


def _to_e_value(p: float, count: int) -> float:
    c = 1 / (1 + math.log(count))
    return 0.0 if p > c * ALPHA else c / max(p, c * ALPHA / count)


def _reject(e_values: Mapping[int, float]) -> set[int]:
    """Return the k best, with the largest k such that k hypotheses have e >= n / (alpha k) (Wang & Ramdas 2022)."""
    ranked = sorted(e_values, key=lambda index: -e_values[index])
    n = len(ranked)
    enough = [k for k, index in enumerate(ranked, 1) if e_values[index] * ALPHA * k >= n * (1 - 1e-9)]
    return set(ranked[: max(enough, default=0)])


def _choose_by_t_tests(drawn: Draw) -> set[int]:
    return {index for index in range(len(drawn.candidates)) if _p_value(drawn, index, LOOKS[-1]) <= 0.05}


def _choose_higher(drawn: Draw) -> set[int]:
    baseline_mean = np.mean(list(drawn.baseline.scores.values()))
    return {index for index, arm in enumerate(drawn.candidates) if np.mean(list(arm.scores.values())) > baseline_mean}


def _choose_first(drawn: Draw) -> set[int]:
    """Test the first hypothesis alone, at the whole level."""
    return {0} if _p_value(drawn, 0, LOOKS[-1]) <= ALPHA else set()
