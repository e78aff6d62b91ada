"""A generative verifier without training: a step's score is P(Yes) of a language model's first answer token.

This is the direct form of GenPRM's reward, r = p(Yes) / (p(Yes) + p(No)) (arXiv 2504.00891, eq. 2), without chain of
thought or code. Raw probabilities of a model that wasn't trained for this are badly calibrated: they rank plans, they
don't measure them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agents.verifiers.language.spending import with_usage
from agents.verifiers.language.subject import PLAN, Subject, check_lengths
from agents.verifiers.language.voting import NO_ANSWER
from agents.verifiers.protocol import Solution, StepScores
from memory.steps.parallel import map_in_parallel
from pelagos.errors import BadReply
from tools.prompt import render
from tools.toolchain import RoleModel

_TEMPLATE = Path(__file__).with_suffix(".j2")


class DirectVerifier:
    """`get_model()` returns the verifier role's model; `parallel` steps are scored at a time."""

    name = "direct"

    def __init__(self, get_model: Callable[[], RoleModel], parallel: int = 4, subject: Subject = PLAN) -> None:
        self._get_model, self._parallel, self._subject = get_model, parallel, subject

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        """Return one P(Yes) per step. Raises BadInput for a text too long to quote, ModelUnavailable, ModelTimeout and
        CapReached."""
        check_lengths(self._subject, self.name, solutions)
        return [self._score_solution(solution) for solution in solutions]

    def _score_solution(self, solution: Solution) -> StepScores:
        if not solution.steps:
            return StepScores([])
        places = range(len(solution.steps))
        scores, usage = with_usage(
            lambda: map_in_parallel(self._parallel, lambda place: self._score_step(solution, place), places)
        )
        return StepScores(scores, usage)

    def _score_step(self, solution: Solution, place: int) -> float:
        prompt = render(
            _TEMPLATE,
            subject=self._subject,
            problem=self._subject.quote(solution.problem),
            earlier=list(solution.steps[:place]),
            step=solution.steps[place],
        )
        try:
            return self._get_model().probability(prompt)
        except BadReply:
            return NO_ANSWER
