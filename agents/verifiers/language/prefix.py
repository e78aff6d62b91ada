"""Generative verification of prefixes, in the form of ThinkPRM (arXiv 2504.16828), over any chat model.

The model reviews the solution up to a step in a long chain of thought and is then asked whether it is correct: the
prefix's score is P(yes), averaged over `votes` reviews. Each step has one score: that of the prefix it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agents.verifiers.language.spending import with_usage
from agents.verifiers.language.subject import PLAN, Subject, check_lengths
from agents.verifiers.language.voting import NO_ANSWER, Judged, VerificationPath, VotingVerifier, merge
from agents.verifiers.protocol import Solution, StepScores, Usage
from memory.steps.parallel import map_in_parallel
from pelagos.errors import BadReply
from tools.prompt import render
from tools.toolchain import Message, RoleModel

ROOM = 1024
END_OF_THOUGHTS = "</think>"
_REVIEW = Path(__file__).with_suffix(".j2")
_VERDICT = _REVIEW.with_name("prefix_verdict.j2")


class PrefixVerifier(VotingVerifier):
    """`room` is the tokens of one review; `parallel` reviews are in progress at a time."""

    def __init__(
        self,
        get_model: Callable[[], RoleModel],
        votes: int = 1,
        room: int = ROOM,
        parallel: int = 4,
        subject: Subject = PLAN,
    ) -> None:
        super().__init__(votes, room, parallel, subject)
        self._get_model = get_model

    @property
    def name(self) -> str:
        return f"prefix:votes={self._votes}{self._describe_room(ROOM)}"

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Raises BadInput for a text too long to quote, ModelUnavailable, ModelTimeout and CapReached."""
        check_lengths(self._subject, self.name, solutions)
        wanted = [
            (solution._replace(steps=solution.steps[:length]), vote)
            for solution in solutions
            for vote in range(self._votes)
            for length in range(1, len(solution.steps) + 1)
        ]
        reviews = iter(map_in_parallel(self._parallel, lambda each: with_usage(lambda: self._review(*each)), wanted))
        return [merge([_join(reviews, len(solution.steps)) for _ in range(self._votes)]) for solution in solutions]

    def _review(self, prefix: Solution, vote: int) -> Judged:
        talk = render(_REVIEW, subject=self._subject, problem=self._subject.quote(prefix.problem), steps=prefix.steps)
        model = self._get_model()
        try:
            review = model.ask(talk, sample=vote, max_tokens=self._room, stop=(END_OF_THOUGHTS,))
            talk += [Message("assistant", review), *render(_VERDICT)[1:]]
            return Judged(model.probability(talk, "yes", "no"), review.strip())
        except BadReply as error:
            return Judged(NO_ANSWER, f"no answer: {error}")


def _join(reviews: Iterator[tuple[Judged, Usage]], count: int) -> VerificationPath:
    """The next `count` reviews as one path."""
    taken = [next(reviews) for _ in range(count)]
    return VerificationPath([judged for judged, _ in taken], sum((usage for _, usage in taken), Usage()))
