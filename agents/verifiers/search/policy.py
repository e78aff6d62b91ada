"""The policy protocol, and what a search asks for: next steps of a policy, step scores of a verifier."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from typing import Any, NamedTuple, Protocol

from agents.verifiers.protocol import Solution, StepScores, Usage


class Draw(NamedTuple):
    """One next step of `prefix`. Draws of the same prefix and `sample` are the same step."""

    prefix: Solution
    sample: int


class Policy(Protocol):
    """Proposes steps."""

    @property
    def name(self) -> str: ...

    def propose(self, draws: Sequence[Draw]) -> tuple[list[str], Usage]:
        """Return one next step per draw, in order, and what they cost together. Raises ModelError and CapReached."""
        ...

    def is_finished(self, solution: Solution) -> bool: ...

    def answer(self, solution: Solution) -> Hashable:
        """Return what a finished solution answers; equal answers vote together."""
        ...


class Propose(NamedTuple):
    draws: list[Draw]


class Score(NamedTuple):
    solutions: list[Solution]


class Candidate(NamedTuple):
    """A finished solution; `scores` has no scores where the strategy asks no verifier."""

    solution: Solution
    scores: StepScores


Search = Generator[Propose | Score, Any, None]
"""A search under way: it yields what it asks for and is sent the list of answers, in order."""


class Strategy(Protocol):
    """A way to search, at a budget of `n` solutions."""

    @property
    def name(self) -> str: ...
    @property
    def n(self) -> int: ...
    def begin(self, problem: str, policy: Policy, candidates: list[Candidate]) -> list[Search]:
        """Return searches that don't depend on each other. They append finished solutions to `candidates` as they find
        them, so that they can be ended at any time."""
        ...
