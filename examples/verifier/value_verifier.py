"""Scores a step by whether it names a value: what has none can't be carried out as it was meant."""

import re
from collections.abc import Sequence

from agents.verifiers.options import Options
from agents.verifiers.parts import Parts
from agents.verifiers.protocol import Solution, StepScores

VALUE = re.compile(r"\d")


class ValueVerifier:
    """A step with a value gets the probability `weight`, another the rest."""

    name = "values"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        return [StepScores([self._score_step(step) for step in solution.steps]) for solution in solutions]

    def _score_step(self, step: str) -> float:
        return self.weight if VALUE.search(step) else 1 - self.weight


def open_values(argument: str, parts: Parts) -> ValueVerifier:
    """`argument` is what follows `values:` in the settings; an unknown option is refused."""
    weight = Options.parse("values", argument, ("weight",)).number("weight")
    return ValueVerifier(0.8 if weight is None else weight)
