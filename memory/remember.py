"""Which of the bank's lessons are worth telling again: what worked, what is near, and what came as a surprise.

The three orders take turns until the budget is used up, so that none crowds out the others. Surprise is how far the
measured effect was from the predicted one, in units of the measurement's own uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple

import numpy as np

from memory.bank import HypothesisBank
from memory.standing import Standing, standing
from memory.vectors import Vector

NEAR = 50
TAUGHT = frozenset({Standing.WORKED, Standing.DEAD_END, Standing.OPEN})
MISSES = 10  # lessons in a row that don't fit any more: the budget is as good as used up


class Lesson(NamedTuple):
    """An entry with a lesson; `relevance` is its greatest cosine to what is asked about."""

    id: str
    meta: dict[str, Any]
    relevance: float

    @property
    def standing(self) -> Standing:
        return standing(self.meta)

    @property
    def surprise(self) -> float:
        """|predicted - measured effect| in halves of the measured interval; 0 where nothing was measured."""
        effect, low, high = (self.meta.get(name) for name in ("effect", "low", "high"))
        predicted = self.meta.get("predicted_effect")
        if effect is None or predicted is None or low is None or high is None or high <= low:
            return 0.0
        return float(abs(predicted - effect) / ((high - low) / 2))


def remember(
    bank: HypothesisBank, task: str, queries: Vector, budget: int, size: Callable[[Lesson], int]
) -> list[Lesson]:
    """Lessons of any run and task, the most worth telling first, of `budget` in the unit of `size` at most.

    `queries` (n, dims) are what the next hypothesis will be about. What was never tested to the end taught nothing.
    """
    lessons = _lessons(bank, task, queries)
    here = [one for one in lessons if one.meta.get("task") == task]
    worked = sorted((one for one in here if one.standing is Standing.WORKED), key=lambda one: -one.meta["effect"])
    near = sorted(lessons, key=lambda one: -one.relevance)
    surprises = ((one.surprise, one) for one in here)
    surprising = [one for _, one in sorted((s for s in surprises if s[0] > 0), key=lambda s: -s[0])]
    chosen: dict[str, Lesson] = {}
    seen, left, misses = set[str](), budget, 0
    for one in _in_turn(worked, near, surprising):
        if one.id in seen:
            continue
        seen.add(one.id)
        needed = size(one)
        fits = needed <= left
        misses = 0 if fits else misses + 1
        if fits:
            chosen[one.id] = one
            left -= needed
        elif misses == MISSES:
            break
    return list(chosen.values())


def _lessons(bank: HypothesisBank, task: str, queries: Vector) -> list[Lesson]:
    """The task's own and the `NEAR` nearest to each query over all tasks."""
    own = list(bank.of_task(task))
    cosines = (queries @ np.array([vector for _, vector in own]).T).max(axis=0) if own else []
    found = {
        entry.id: Lesson(entry.id, entry.meta, float(cosine)) for (entry, _), cosine in zip(own, cosines, strict=True)
    }
    for query in queries:
        for near in bank.search(query, NEAR):
            held = found.get(near.id)
            if held is None or near.cosine > held.relevance:
                found[near.id] = Lesson(near.id, near.meta, near.cosine)
    return [one for one in found.values() if one.standing in TAUGHT]


def _in_turn(*orders: Sequence[Lesson]) -> Iterator[Lesson]:
    return (one for one in chain.from_iterable(zip_longest(*orders)) if one is not None)
