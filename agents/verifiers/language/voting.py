"""What verifiers that sample verification paths share: the paths, their mean, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from statistics import fmean
from typing import NamedTuple, Self

from agents.verifiers.language.subject import CHANGE, PLAN, Subject
from agents.verifiers.protocol import Solution, StepScores, Usage, estimate_tokens
from memory.steps.parallel import map_in_parallel

NO_ANSWER = 0.5  # the score of a step where no answer can be read (as in GenPRM's code)


class Judged(NamedTuple):
    score: float
    reason: str


class VerificationPath(NamedTuple):
    judged: list[Judged]
    usage: Usage


class VotingVerifier:
    """`votes` paths are sampled, `room` is the tokens that one may write at a step; `parallel` are in progress at a
    time. `subject` is what is judged."""

    def __init__(self, votes: int, room: int, parallel: int, subject: Subject = PLAN) -> None:
        self._votes, self._room, self._parallel, self._subject = votes, room, parallel, subject

    @property
    def votes(self) -> int:
        return self._votes

    def with_votes(self, votes: int) -> Self:
        verifier = copy(self)
        verifier._votes = votes
        return verifier

    def about_changes(self) -> Self:
        verifier = copy(self)
        verifier._subject = CHANGE
        return verifier

    def estimate_vote(self, solutions: Sequence[Solution]) -> int:
        return estimate_tokens(solutions, self._room)

    def _sample_paths(
        self, solutions: Sequence[Solution], follow: Callable[[Solution, int], VerificationPath]
    ) -> list[StepScores]:
        """Return the mean of the votes of each solution. `follow` judges its steps in order, as a vote's sample."""
        wanted = [(solution, vote) for solution in solutions for vote in range(self._votes)]
        paths = map_in_parallel(self._parallel, lambda each: follow(*each), wanted)
        return [merge(paths[first : first + self._votes]) for first in range(0, len(paths), self._votes)]

    def _describe_room(self, default: int) -> str:
        """The part of the name that tells scores with another room apart."""
        return "" if self._room == default else f",tokens={self._room}"


def merge(paths: Sequence[VerificationPath]) -> StepScores:
    """Average paths over the same steps; their usage is summed. The reason of a step is that of the vote nearest to the
    mean."""
    by_step = list(zip(*(path.judged for path in paths), strict=True))
    scores = [fmean(vote.score for vote in votes) for votes in by_step]
    nearest = [
        min(votes, key=lambda vote: abs(vote.score - score)) for votes, score in zip(by_step, scores, strict=True)
    ]
    return StepScores(
        scores,
        sum((path.usage for path in paths), Usage()),
        reasons=tuple(vote.reason for vote in nearest),
        votes=tuple(tuple(each.score for each in path.judged) for path in paths),
    )
