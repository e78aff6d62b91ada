"""Five scores of a hypothesis, 1 to 5, each by anchors that a program can check. They are shown beside the gates,
decide nothing, and are never summed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel

from pelagos.nouns import Hypothesis
from tools.analysis.findings import Finding
from tools.analysis.planning.hypotheses.selection import is_significant
from tools.analysis.trials.results import TestResult, find_harm

CAUSAL = re.compile(r"\b(causes?|caused|causing|leads? to|due to|drives?|because of|results? in)\b", re.IGNORECASE)
HEDGE = re.compile(r"\b(may|might|could|possibly|perhaps|associated|suggests?)\b", re.IGNORECASE)
ALIGNMENT = {"known": 5, "variation": 4, "novel": 2}
NOVELTY = {"known": 1, "variation": 3, "novel": 5}


class Scores(BaseModel):
    """None: nothing is known to score it by.

    reliability: 1 a gate fails; 2 gates hold; 3 significant on discovery samples; 4 the required tests hold at 0.05 on
    other samples; 5 and no further test speaks against it. coherence: 5; less 2 for a causal word without a hedge,
    less 1 for each harm. literature and novelty: by what the literature has. evaluability: one each for entity,
    direction, context, test, refutation.
    """

    reliability: int
    coherence: int
    literature: int | None
    novelty: int | None
    evaluability: int


def score_hypothesis(
    hypothesis: Hypothesis, finding: Finding, faults: Sequence[str], results: Sequence[TestResult], novelty: str
) -> Scores:
    """`faults`: what the gates found; `novelty`: the word of the screening, "" where nobody looked."""
    primary = next((each for each in results if each.implication.role == "primary"), None)
    harms = [line for each in results if primary is not None and (line := find_harm(each, primary))]
    text = f"{hypothesis.statement} {hypothesis.rationale}"
    unhedged = bool(CAUSAL.search(text)) and not HEDGE.search(text)
    return Scores(
        reliability=_score_reliability(finding, faults, results, harms),
        coherence=max(1, 5 - 2 * unhedged - len(harms)),
        literature=ALIGNMENT.get(novelty),
        novelty=NOVELTY.get(novelty),
        evaluability=_score_evaluability(hypothesis, finding),
    )


def _score_reliability(
    finding: Finding, faults: Sequence[str], results: Sequence[TestResult], harms: Sequence[str]
) -> int:
    if faults:
        return 1
    required = [each.p for each in results if each.implication.required]
    if required and max(required) <= 0.05:
        return 4 if harms else 5
    return 3 if is_significant(finding.row) else 2


def _score_evaluability(hypothesis: Hypothesis, finding: Finding) -> int:
    named = [
        finding.entity in hypothesis.statement,
        bool(re.search(r"higher|lower|rises|falls|more often|less often|better|worse", hypothesis.statement)),
        all(word in hypothesis.statement for word in finding.context.partition(",")[0].split(" against ")),
        any(each.required for each in finding.implications),
        bool(hypothesis.refuted_by),
    ]
    return max(1, sum(named))
