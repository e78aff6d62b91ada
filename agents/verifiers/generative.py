"""A generative verifier without training: each step's score is P(Yes) of a language model's first answer token.

The direct form of GenPRM's reward, r = p(Yes) / (p(Yes) + p(No)) (arXiv 2504.00891, eq. 2): no chain of thought, no
code. Raw probabilities of a model that wasn't trained for this are badly calibrated: they rank plans, they don't
measure them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agents.prompt import render
from agents.serving import in_parallel
from agents.verifiers.protocol import StepScores
from pelagos.errors import BadReply
from tools.toolchain import Mind

NO_ANSWER = 0.5  # neither Yes nor No is among the likely tokens: it says nothing (GenPRM's code does the same)
_TEMPLATE = Path(__file__).with_suffix(".j2")


class GenerativeVerifier:
    """`mind()` gives the verifier role's model; `parallel` steps are scored at a time.

    `tokens()` reads a running total of the role's tokens, so that what one call spent is the difference.
    """

    name = "generative"

    def __init__(self, mind: Callable[[], Mind], tokens: Callable[[], int], parallel: int = 4) -> None:
        self._mind, self._tokens, self._parallel = mind, tokens, parallel

    def score(self, problem: str, steps: Sequence[str]) -> StepScores:
        """One P(Yes) per step, in order. Raises ModelUnavailable, ModelTimeout and CapReached."""
        if not steps:
            return StepScores([], 0, 0.0)
        start, before = time.monotonic(), self._tokens()
        scores = in_parallel(self._parallel, lambda place: self._step(problem, steps, place), range(len(steps)))
        return StepScores(scores, self._tokens() - before, time.monotonic() - start)

    def _step(self, problem: str, steps: Sequence[str], place: int) -> float:
        prompt = render(_TEMPLATE, problem=problem, earlier=list(steps[:place]), step=steps[place])
        try:
            return self._mind().probability(prompt)
        except BadReply:
            return NO_ANSWER
