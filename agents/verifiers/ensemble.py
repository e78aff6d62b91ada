"""Several verifiers as one: the mean or the minimum of their scores, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from agents.verifiers.protocol import Solution, StepScores, Usage, Verifier, check_scores

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
