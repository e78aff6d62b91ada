"""Asks a model about a change: for a description without seeing the hypothesis, then whether the two agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agents.verifiers.aggregate import minimum
from agents.verifiers.protocol import Solution, Verifier, check_scores
from pelagos.errors import BadReply
from pelagos.nouns import Answer, Hypothesis
from pelagos.quoting import quote_data, quote_line
from tools.prompt import render
from tools.toolchain import RoleModel

DESCRIBE, COMPARE = Path(__file__).with_name("describe.j2"), Path(__file__).with_name("compare.j2")
YES, NO = 0.9, 0.1
"""P(Yes) from `YES` on means yes, up to `NO` means no. Both were fixed before anything was measured."""


MAX_DIFF = 6000  # characters


class Described(BaseModel):
    model_config = ConfigDict(extra="forbid")

    description: str = Field(max_length=1500)


def describe_blind(diff: str, lines: Sequence[str], model: RoleModel) -> str:
    """Return a description in a few sentences, "" if the reply can't be used. The hypothesis isn't shown. Raises the
    other errors of a model."""
    try:
        reply = model.ask_json(render(DESCRIBE, diff=diff, told=lines), Described, max_tokens=300, temperature=0.0)
    except BadReply:
        return ""
    return " ".join(reply.description.split())


def compare_with_hypothesis(
    hypothesis: Hypothesis, steps: Sequence[str], description: str, lines: Sequence[str], model: RoleModel
) -> tuple[Answer, float | None]:
    """Return the answer and P(Yes). The answer is "can't tell" between the two thresholds, and with P(Yes) None if the
    reply can't be used."""
    prompt = render(
        COMPARE,
        description=description or "(not described)",
        told=lines,
        title=hypothesis.title,
        statement=hypothesis.statement,
        steps=steps,
    )
    try:
        probability = model.probability(prompt)
    except BadReply:
        return Answer.UNSETTLED, None
    return _answer(probability), probability


def judge_steps(
    hypothesis: Hypothesis, steps: Sequence[str], diff: str, lines: Sequence[str], verifier: Verifier
) -> tuple[Answer, float]:
    """Return the answer and the least score of a step, each judged against the change by a verifier that may execute
    checks of its own (GenPRM, arXiv 2504.00891). Raises what the verifier raises, and BadScore."""
    measured = "\n".join(f"- {quote_line(line)}" for line in lines)
    problem = f"The change:\n{quote_data(diff, MAX_DIFF)}\n\nWhat it shows and what was measured:\n{measured}"
    claims = steps or [f"{hypothesis.title}: {hypothesis.statement}"]
    solution = Solution(problem, tuple(f"The change does this: {claim}" for claim in claims))
    (result,) = check_scores(verifier.name, [solution], verifier.score([solution]))
    probability = minimum(result.scores)
    return _answer(probability), probability


def _answer(probability: float) -> Answer:
    return Answer.IMPLEMENTS if probability >= YES else Answer.DIFFERS if probability <= NO else Answer.UNSETTLED
