"""Decides whether a change does what a hypothesis says: by the marks of the technique that it names, and by a model.

A weak model isn't asked: its P(Yes) didn't tell right changes from wrong ones (`docs/benchmarks.md`). If marks and
model disagree, or neither says anything, the answer is "can't tell".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.fidelity import description, opinion
from agents.fidelity.change.reading import read_change
from agents.fidelity.marks import MarkEvidence, check_techniques
from agents.fidelity.techniques import find_named
from agents.verifiers.advice import FAULTS
from agents.verifiers.protocol import Verifier
from pelagos.nouns import Answer, Fidelity, Hypothesis
from tools.toolchain import RoleModel

MARKS, MODEL, NOBODY = "marks", "model", "nobody"
MAX_LINES = 8


@dataclass(frozen=True)
class Intention:
    """What was to be done. `steps` are the plan's, `findings` those of the papers that the hypothesis builds on."""

    hypothesis: Hypothesis
    steps: Sequence[str] = ()
    findings: Sequence[str] = ()


def settle(
    version: str,
    intention: Intention,
    diff: str,
    differences: Sequence[str] | None,
    writer: RoleModel | None = None,
    judge: RoleModel | None = None,
    verifier: Verifier | None = None,
) -> Fidelity:
    """Return the fidelity of a version.

    `differences` are the lines of a measurement, None if nothing was measured. `writer` describes the change without
    seeing the claim, `judge` compares both; a model that is None or not strong isn't asked. In the judge's place a
    `verifier` of the same model judges the steps against the change, with executed checks. Raises ModelUnavailable,
    ModelTimeout and CapReached.
    """
    reading, hypothesis = read_change(diff), intention.hypothesis
    lines = description.describe_change(reading, differences)
    named = find_named(hypothesis.title, hypothesis.statement, *intention.findings)
    evidence = check_techniques(named, f"{hypothesis.title}. {hypothesis.statement}", reading, differences)
    text = opinion.describe_blind(diff, lines, writer) if writer is not None and writer.strong else ""
    if judge is None or not judge.strong:
        judged, judge_lines = Answer.UNSETTLED, list[str]()
    elif verifier:
        judged, judge_lines = _ask_verifier(intention, diff, lines, verifier)
    else:
        judged, judge_lines = _ask_judge(intention, text, lines, judge)
    answer, by = _combine(evidence, judged)
    mark_lines = evidence.evidence if evidence else ()
    return Fidelity(
        id=version,
        hypothesis=hypothesis.id,
        description=text or description.shorten_title(lines),
        answer=answer,
        evidence=[*mark_lines, *judge_lines, *lines[:MAX_LINES]],
        by=by,
    )


def _ask_judge(intention: Intention, text: str, lines: Sequence[str], judge: RoleModel) -> tuple[Answer, list[str]]:
    """Return the model's answer and a line about it, none where its reply can't be used."""
    answer, probability = opinion.compare_with_hypothesis(intention.hypothesis, intention.steps, text, lines, judge)
    return answer, [] if probability is None else [_tell(probability)]


def _ask_verifier(
    intention: Intention, diff: str, lines: Sequence[str], verifier: Verifier
) -> tuple[Answer, list[str]]:
    """Return the verifier's answer and a line about it; "can't tell" and the reason where it fails."""
    try:
        answer, probability = opinion.judge_steps(intention.hypothesis, intention.steps, diff, lines, verifier)
    except FAULTS as error:
        return Answer.UNSETTLED, [f"model: no answer: {error}"]
    return answer, [_tell(probability)]


def _tell(probability: float) -> str:
    return f"model: it is what the claim says with probability {probability:.2f}"


def _combine(evidence: MarkEvidence | None, opinion: Answer) -> tuple[Answer, str]:
    """Combine the marks' answer and the model's; return the answer and who gave it."""
    if evidence is None or evidence.answer is Answer.UNSETTLED:
        return opinion, NOBODY if opinion is Answer.UNSETTLED else MODEL
    if opinion is Answer.UNSETTLED:
        return evidence.answer, MARKS
    if evidence.answer is Answer.PARTLY or evidence.answer is opinion:
        return evidence.answer, f"{MARKS} and {MODEL}"
    return Answer.UNSETTLED, NOBODY
