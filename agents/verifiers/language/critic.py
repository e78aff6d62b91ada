"""Turns a verifier's reasons into feedback for the policy, which then writes the solution again.

As in GenPRM (arXiv 2504.00891, section 4.3) the policy is told only the analysis of steps that were judged wrong.
"""

from __future__ import annotations

from agents.verifiers.protocol import StepScores
from pelagos.quoting import quote_data

WRONG_BELOW = 0.5
REASON_CHARS = 1_500


def critique(result: StepScores, threshold: float = WRONG_BELOW) -> str:
    """Return the reasons of the steps whose score is below `threshold`, quoted as data; "" where there is none. A
    verifier that gives no reasons leaves the step's number alone."""
    reasons = result.reasons or ("",) * len(result.scores)
    wrong = [
        (number, reason)
        for number, (score, reason) in enumerate(zip(result.scores, reasons, strict=True), 1)
        if score < threshold
    ]
    return "\n".join(_describe(number, reason) for number, reason in wrong)


def _describe(number: int, reason: str) -> str:
    if not reason.strip():
        return f"Step {number} was judged wrong."
    return f"Step {number} was judged wrong:\n{quote_data(reason.strip(), REASON_CHARS)}"
