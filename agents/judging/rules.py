"""What is fixed before the first result is seen: level, looks, how the level is spent, how many hypotheses are planned.

Everything a verdict depends on besides the scores stands here, so that nothing can be chosen afterwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pelagos.settings import Judge

GROWTH = 1.6
LAST_SHARE = 0.7


@dataclass(frozen=True)
class Rules:
    """`looks`: seed counts at which the evidence is read; `weights`: share of the level each look may spend.

    `alpha` is the level over all hypotheses of the run, `confidence` the interval's, `hypotheses` how many the run
    plans to judge (it tunes the e-values; more or fewer stay valid), `over` how the run is called in a verdict.
    """

    alpha: float
    confidence: float
    looks: tuple[int, ...]
    weights: tuple[float, ...]
    hypotheses: int
    over: str = "the run"

    @classmethod
    def of(cls, settings: Judge, seeds: int, hypotheses: int) -> Rules:
        """Looks from `min_seeds` to `max_seeds`, never more than the `seeds` there are."""
        last = max(2, min(settings.max_seeds, seeds))
        looks = spaced(min(settings.min_seeds, last), last)
        return cls(settings.alpha, settings.confidence, looks, spending(looks), max(1, hypotheses))

    def next_look(self, seeds: int) -> int | None:
        """The seed count to buy up to after `seeds`; none at the end."""
        return next((look for look in self.looks if look > seeds), None)


def spaced(first: int, last: int) -> tuple[int, ...]:
    """Seed counts growing by about 1.6, e.g. 3, 5, 8: each look costs as much again as all before it."""
    looks = []
    while first < last:
        looks.append(first)
        first = math.ceil(first * GROWTH)
    return (*looks, last)


def spending(looks: tuple[int, ...]) -> tuple[float, ...]:
    """Shares of the level, summing to 1. Most is kept for the last look, where the t quantiles are least heavy."""
    early = looks[:-1]
    if not early:
        return (1.0,)
    return (*((1 - LAST_SHARE) * look / sum(early) for look in early), LAST_SHARE)
