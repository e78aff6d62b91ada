"""No verifier: every step has the same score, so plans are taken in the order in which they were proposed."""

from __future__ import annotations

from collections.abc import Sequence

from agents.verifiers.protocol import Solution, StepScores

NO_OPINION = 0.5


class Off:
    name = "off"

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        return [StepScores([NO_OPINION] * len(solution.steps)) for solution in solutions]
