"""The compute-optimal selector: policy, verifier, difficulty and budget -> strategy and N (arXiv 2502.06703, eq. 3).

Its table is fitted to recorded searches. Majority is the floor: another strategy is chosen only where it was measured
to be better by more than one standard error of the difference, on the same problems. A difficulty of which less than
`LEAST` problems are recorded tells too little: what is recorded of all difficulties decides. Without a record the first
solution is taken, and the reason says so.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from agents.verifiers.search.difficulty import Difficulty

FLOOR = "majority"
FIRST = "first"
LEAST = 20


class SearchRecord(BaseModel):
    """One search of one problem. `selection` is how the answer was selected: majority, max or vote. `tokens` are those
    of policy and verifier."""

    model_config = ConfigDict(frozen=True)

    policy: str
    verifier: str
    problem: str
    difficulty: Difficulty
    strategy: str
    n: int
    selection: str
    right: bool
    tokens: int


class Arm(NamedTuple):
    strategy: str
    n: int
    selection: str


class Choice(NamedTuple):
    arm: Arm
    reason: str


class Selector:
    """Built by `fit`; `choose` reads only the table. The difficulty None holds the records of all difficulties."""

    def __init__(
        self, table: Mapping[tuple[str, str, Difficulty | None], Mapping[Arm, Sequence[SearchRecord]]]
    ) -> None:
        self._table = table

    @classmethod
    def fit(cls, records: Iterable[SearchRecord]) -> Selector:
        """Group records by policy, verifier and difficulty. Majority asks no verifier: its records count for each."""
        table: dict[tuple[str, str, Difficulty | None], dict[Arm, list[SearchRecord]]] = defaultdict(
            lambda: defaultdict(list)
        )
        records = list(records)
        verifiers = {(record.policy, record.verifier) for record in records if record.strategy != FLOOR}
        for record in records:
            arm = Arm(record.strategy, record.n, record.selection)
            for policy, verifier in verifiers:
                if policy == record.policy and (record.strategy == FLOOR or record.verifier == verifier):
                    for difficulty in (record.difficulty, None):
                        table[policy, verifier, difficulty][arm].append(record)
        return cls({key: dict(arms) for key, arms in table.items()})

    def choose(self, policy: str, verifier: str, difficulty: Difficulty, tokens: float) -> Choice:
        """Return the best measured strategy whose mean cost is at most `tokens`."""
        arms = self._table.get((policy, verifier, difficulty), {})
        if max(map(len, arms.values()), default=0) < LEAST:
            arms = self._table.get((policy, verifier, None), {})
        affordable = {arm: records for arm, records in arms.items() if _mean_tokens(records) <= tokens}
        if not affordable:
            missing = "no strategy fits the budget" if arms else "no search was recorded"
            return Choice(Arm(FIRST, 1, FIRST), f"{missing} for {policy}, {verifier}, {difficulty}: the first is taken")
        best = max(affordable, key=lambda arm: _accuracy(affordable[arm]))
        floors = [arm for arm in affordable if arm.strategy == FLOOR]
        if not floors:
            return Choice(best, f"{_accuracy(affordable[best]):.2f} of {len(affordable[best])}, no majority recorded")
        floor = max(floors, key=lambda arm: _accuracy(affordable[arm]))
        gain, error = _paired_gain(affordable[best], affordable[floor])
        if best.strategy != FLOOR and gain > error:
            return Choice(best, f"{gain:+.2f} over majority, standard error {error:.2f}")
        return Choice(floor, f"nothing is better than majority by more than its standard error ({error:.2f})")


def _mean_tokens(records: Sequence[SearchRecord]) -> float:
    return fmean(record.tokens for record in records)


def _accuracy(records: Sequence[SearchRecord]) -> float:
    return fmean(record.right for record in records)


def _paired_gain(records: Sequence[SearchRecord], floor: Sequence[SearchRecord]) -> tuple[float, float]:
    """Mean and standard error of the difference in accuracy over the problems that both have; (0, inf) below two."""
    floor_right = {record.problem: record.right for record in floor}
    differences = [record.right - floor_right[record.problem] for record in records if record.problem in floor_right]
    if len(differences) < 2:
        return 0.0, math.inf
    mean = fmean(differences)
    variance = sum((difference - mean) ** 2 for difference in differences) / (len(differences) - 1)
    return mean, math.sqrt(variance / len(differences))
