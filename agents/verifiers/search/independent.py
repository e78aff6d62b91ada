"""Majority and best-of-N: N independent solutions, scored as a whole or not at all."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

from agents.verifiers.protocol import Solution, StepScores
from agents.verifiers.search.policy import Candidate, Draw, Policy, Propose, Score, Search

MAX_STEPS = 40  # as in arXiv 2502.06703, section 4


@dataclass(frozen=True)
class Majority:
    """N independent solutions; the verifier isn't asked."""

    n: int
    name: ClassVar[str] = "majority"

    def begin(self, problem: str, policy: Policy, candidates: list[Candidate]) -> list[Search]:
        return [_sample_one(Solution(problem, ()), sample, policy, candidates) for sample in range(self.n)]


@dataclass(frozen=True)
class BestOfN:
    """N independent solutions, each scored once."""

    n: int
    name: ClassVar[str] = "best-of-n"

    def begin(self, problem: str, policy: Policy, candidates: list[Candidate]) -> list[Search]:
        return [_score_one(Solution(problem, ()), sample, policy, candidates) for sample in range(self.n)]


def _sample_one(root: Solution, sample: int, policy: Policy, candidates: list[Candidate]) -> Search:
    solution = yield from _extend(root, sample, policy)
    if policy.is_finished(solution):
        candidates.append(Candidate(solution, StepScores([])))


def _score_one(root: Solution, sample: int, policy: Policy, candidates: list[Candidate]) -> Search:
    solution = yield from _extend(root, sample, policy)
    if policy.is_finished(solution):
        (scores,) = yield Score([solution])
        candidates.append(Candidate(solution, scores))


def _extend(solution: Solution, sample: int, policy: Policy) -> Generator[Propose | Score, Any, Solution]:
    """Add steps until the solution is finished or has MAX_STEPS."""
    while not policy.is_finished(solution) and len(solution.steps) < MAX_STEPS:
        (step,) = yield Propose([Draw(solution, sample)])
        solution = solution.add(step)
    return solution
