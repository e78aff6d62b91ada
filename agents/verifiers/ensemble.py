"""Several verifiers as one: the mean or the minimum of their scores, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Self

from agents.verifiers.protocol import Solution, StepScores, Usage, Verifier, Voting, check_scores

Combine = Callable[[Iterable[float]], float]


class Ensemble:
    """`combine` is `fmean` or `min`. The members' scores are kept as votes, their reasons as lines with their names."""

    def __init__(self, members: Sequence[Verifier], combine: Combine = fmean) -> None:
        self._members, self._combine = members, combine

    @property
    def name(self) -> str:
        kind = "ensemble-min" if self._combine is min else "ensemble"
        return f"{kind}:{'+'.join(member.name for member in self._members)}"

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Raises what a member raises, and BadScore that names a member whose score is no probability: one bad score
        is never averaged away."""
        by_member = [check_scores(member.name, solutions, member.score(solutions)) for member in self._members]
        return [self._merge(results) for results in zip(*by_member, strict=True)]

    def _with_members(self, members: Sequence[Verifier]) -> Self:
        return type(self)(members, self._combine)

    def _merge(self, results: Sequence[StepScores]) -> StepScores:
        by_step = list(zip(*(result.scores for result in results), strict=True))
        reasons = tuple(self._join_reasons(results, place) for place in range(len(by_step)))
        return StepScores(
            [self._combine(scores) for scores in by_step],
            sum((result.usage for result in results), Usage()),
            reasons=reasons if any(reasons) else (),
            votes=tuple(tuple(result.scores) for result in results),
        )

    def _join_reasons(self, results: Sequence[StepScores], place: int) -> str:
        return "\n".join(
            f"{member.name}: {result.reasons[place]}"
            for member, result in zip(self._members, results, strict=True)
            if result.reasons
        )


class VotingEnsemble(Ensemble):
    """An ensemble of which a member samples verification paths: its number of votes is that member's."""

    @property
    def votes(self) -> int:
        return max(member.votes for member in self._members if isinstance(member, Voting))

    def with_votes(self, votes: int) -> Self:
        return self._with_members(
            [m.with_votes(min(votes, m.votes)) if isinstance(m, Voting) else m for m in self._members]
        )

    def about_changes(self) -> Self:
        return self._with_members([m.about_changes() if isinstance(m, Voting) else m for m in self._members])

    def estimate_vote(self, solutions: Sequence[Solution]) -> int:
        return sum(member.estimate_vote(solutions) for member in self._members if isinstance(member, Voting))


def join_verifiers(members: Sequence[Verifier], combine: Combine = fmean) -> Ensemble:
    """Return the members as one verifier, which samples paths if one of them does."""
    kind = VotingEnsemble if any(isinstance(member, Voting) for member in members) else Ensemble
    return kind(members, combine)
