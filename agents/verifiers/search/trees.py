"""Beam search and diverse verifier tree search (DVTS) over steps (arXiv 2502.06703, section 3.1).

A beam search keeps the best N/M of N candidates at each depth and expands each M times. DVTS is N/M trees that don't
see each other, each keeping the best of its M candidates. A kept solution that is finished becomes a candidate and
frees no place, so both end with N/M candidates at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from agents.verifiers.aggregate import AGGREGATES, aggregate_raw
from agents.verifiers.protocol import Solution, StepScores
from agents.verifiers.search.independent import MAX_STEPS
from agents.verifiers.search.policy import Candidate, Draw, Policy, Propose, Score, Search


@dataclass(frozen=True)
class Beam:
    """`aggregate` names how a partial solution's step scores become its value; the paper's code takes the last one.
    Raises ValueError where M doesn't divide N."""

    n: int
    m: int = 4
    aggregate: str = "last"
    name: ClassVar[str] = "beam"

    def __post_init__(self) -> None:
        check_widths(self.n, self.m)

    def begin(self, problem: str, policy: Policy, candidates: list[Candidate]) -> list[Search]:
        return [_Tree(policy, self.n // self.m, self.m, self.aggregate).grow(problem, 0, candidates)]


@dataclass(frozen=True)
class Dvts:
    """As `Beam`, with N/M independent trees."""

    n: int
    m: int = 4
    aggregate: str = "last"
    name: ClassVar[str] = "dvts"

    def __post_init__(self) -> None:
        check_widths(self.n, self.m)

    def begin(self, problem: str, policy: Policy, candidates: list[Candidate]) -> list[Search]:
        tree = _Tree(policy, 1, self.m, self.aggregate)
        return [tree.grow(problem, place * self.m, candidates) for place in range(self.n // self.m)]


def check_widths(n: int, m: int) -> None:
    if m < 1 or n < m or n % m:
        raise ValueError(f"a budget of {n} solutions can't be searched by {m} children: take a multiple of {m}")


@dataclass(frozen=True)
class _Tree:
    policy: Policy
    width: int
    children: int
    aggregate: str

    def grow(self, problem: str, first_sample: int, candidates: list[Candidate]) -> Search:
        """Samples are numbered from `first_sample`, so that trees of one problem draw different steps."""
        beam, width = [Solution(problem, ())] * self.width, self.width
        for _ in range(MAX_STEPS):
            if not beam:
                return
            draws = [
                Draw(solution, first_sample + place * self.children + child)
                for place, solution in enumerate(beam)
                for child in range(self.children)
            ]
            steps = yield Propose(draws)
            grown = [draw.prefix.add(step) for draw, step in zip(draws, steps, strict=True)]
            kept = self._keep_best(grown, (yield Score(grown)), width)
            finished = [candidate for candidate in kept if self.policy.is_finished(candidate.solution)]
            candidates.extend(finished)
            width -= len(finished)
            beam = [candidate.solution for candidate in kept if not self.policy.is_finished(candidate.solution)]

    def _keep_best(self, solutions: Sequence[Solution], scores: Sequence[StepScores], width: int) -> list[Candidate]:
        pairs = [Candidate(*pair) for pair in zip(solutions, scores, strict=True)]
        return sorted(pairs, key=lambda candidate: -aggregate_raw(AGGREGATES[self.aggregate], candidate.scores))[:width]
