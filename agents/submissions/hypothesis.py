"""Makes the hypothesis of a version that was handed in."""

from __future__ import annotations

from pelagos.facts.ideas import Submission
from pelagos.nouns import Hypothesis, Metric


def make_hypothesis(id: str, submission: Submission, metric: Metric) -> Hypothesis:
    return Hypothesis(
        id=id,
        title=submission.title,
        statement=submission.statement,
        rationale="It was handed in with its program.",
        refuted_by=f"an interval of the effect on {metric.name} that stays below {metric.min_effect:g}",
        target=submission.target,
    )
