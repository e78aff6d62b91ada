"""The verifier protocol (contract 8): scores the steps of solutions: of plans, of code against its plan, of reasoning.

A verifier returns raw step probabilities. They are stored, so that every aggregation (aggregate.py) and every selection
(select.py) can be replayed without asking the verifier again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import NamedTuple, Protocol, runtime_checkable

from pelagos.errors import BadScore


class Solution(NamedTuple):
    """A problem and the ordered steps of one way to solve it; `steps` may be the beginning of a longer solution."""

    problem: str
    steps: tuple[str, ...]

    def add(self, step: str) -> Solution:
        return Solution(self.problem, (*self.steps, step))


class Usage(NamedTuple):
    """What was spent. `read` and `written` are tokens that a model computed, without those that a cache held already;
    `flops` is 2 x parameters x tokens computed (arXiv 2502.06703, section 4), 0 where the parameters are unknown;
    `checks` counts executed checks. `unrecorded` are those of the tokens that no model of a run records: a verifier
    that computes them itself says so, and who asks it charges them to the run."""

    read: int = 0
    written: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    checks: int = 0
    unrecorded: int = 0

    def __add__(self, other: object) -> Usage:
        """Sum by field."""
        if not isinstance(other, Usage):
            return NotImplemented
        return Usage(
            self.read + other.read,
            self.written + other.written,
            self.flops + other.flops,
            self.seconds + other.seconds,
            self.checks + other.checks,
            self.unrecorded + other.unrecorded,
        )

    @property
    def tokens(self) -> int:
        return self.read + self.written


class StepScores(NamedTuple):
    """One raw probability per step, in [0, 1].

    `reasons` is empty or holds one text per step, as the verifier wrote it. `votes` is empty or holds the step scores
    of each verification path whose mean `scores` is. `rewards` is empty or holds the unbounded step rewards, in nats,
    of an implicit reward model, whose `scores` are their sigmoids.
    """

    scores: list[float]
    usage: Usage = Usage()
    reasons: tuple[str, ...] = ()
    votes: tuple[tuple[float, ...], ...] = ()
    rewards: tuple[float, ...] = ()


class Verifier(Protocol):
    @property
    def name(self) -> str:
        """Names the kind and, where there is one, the checkpoint; it is stored beside the scores."""
        ...

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Return the step scores of each solution, in order; a solution without steps has none.

        Raises BadInput for a solution that the verifier can't read (a step longer than its context), BadScore for a
        score that is no probability, MissingPart for a part that this machine lacks, ModelError and CapReached.
        """
        ...


@runtime_checkable
class Voting(Protocol):
    """A verifier that samples verification paths, gives reasons, and whose cost grows with the number of paths."""

    @property
    def votes(self) -> int: ...
    def with_votes(self, votes: int) -> Verifier: ...
    def about_changes(self) -> Verifier:
        """This verifier in the words that fit steps done by a change of a program."""
        ...

    def estimate_vote(self, solutions: Sequence[Solution]) -> int:
        """Tokens that one path per solution takes, about."""
        ...

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]: ...


def estimate_tokens(solutions: Sequence[Solution], room: int) -> int:
    """Return about the tokens of one path: each problem and step read once, four characters a token, and `room` tokens
    written per step."""
    return sum(
        len(solution.problem) // 4 + sum(len(step) // 4 + room for step in solution.steps) for solution in solutions
    )


def check_scores(verifier: str, solutions: Sequence[Solution], results: Sequence[StepScores]) -> list[StepScores]:
    """Return `results`. Raises BadScore unless each step of each solution has one probability: NaN is never a rank."""
    if len(results) != len(solutions):
        raise BadScore(f"{verifier}: scores for {len(results)} of {len(solutions)} solutions")
    for solution, result in zip(solutions, results, strict=True):
        if len(result.scores) != len(solution.steps):
            raise BadScore(f"{verifier}: {len(result.scores)} scores for {len(solution.steps)} steps")
        for number, score in enumerate(result.scores, 1):
            if not _is_probability(score):
                raise BadScore(f"{verifier}: step {number} of {len(solution.steps)} is scored {score}: no probability")
        _check_rest(verifier, len(solution.steps), result)
    return list(results)


def _check_rest(verifier: str, steps: int, result: StepScores) -> None:
    """Raise BadScore for reasons, votes or rewards that are neither none nor one per step, or no numbers."""
    rest = {"reasons": [result.reasons], "votes": result.votes, "rewards": [result.rewards]}
    for name, rows in rest.items():
        if lengths := [len(row) for row in rows if len(row) not in {steps, 0 if name != "votes" else steps}]:
            raise BadScore(f"{verifier}: {lengths[0]} {name} for {steps} steps")
    if not all(_is_probability(score) for vote in result.votes for score in vote):
        raise BadScore(f"{verifier}: a vote holds a score that is no probability")
    if not all(math.isfinite(reward) for reward in result.rewards):
        raise BadScore(f"{verifier}: a reward is no number")


def _is_probability(score: object) -> bool:
    return isinstance(score, Real) and 0.0 <= float(score) <= 1.0  # NaN isn't
