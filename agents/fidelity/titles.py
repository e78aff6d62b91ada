"""Titles a result: a version that doesn't do what its hypothesis says is named by what it does."""

from __future__ import annotations

from pelagos.nouns import Answer, Fidelity, Hypothesis

MAX_DESCRIPTION = 160
ANSWER_WORDS = {
    Answer.IMPLEMENTS: "yes",
    Answer.PARTLY: "in part",
    Answer.DIFFERS: "no",
    Answer.UNSETTLED: "can't tell",
}


def choose_title(hypothesis: Hypothesis, fidelity: Fidelity | None) -> str:
    """Return the hypothesis' title if the version implements it or wasn't assessed; else a title of what was done."""
    if fidelity is None or fidelity.answer is Answer.IMPLEMENTS:
        return hypothesis.title
    if fidelity.answer is Answer.DIFFERS:
        return _first_sentence(fidelity.description)
    how = "in part" if fidelity.answer is Answer.PARTLY else "unsettled"
    return f"{hypothesis.title} ({how}: {_first_sentence(fidelity.description)})"


def counts_for_hypothesis(fidelity: Fidelity | None) -> bool:
    """Whether the version's result counts for or against its hypothesis."""
    return fidelity is None or fidelity.answer in (Answer.IMPLEMENTS, Answer.UNSETTLED)


def _first_sentence(description: str) -> str:
    """Return the first sentence, cut to a title's length."""
    first = description.partition(". ")[0].rstrip(".")
    return first if len(first) <= MAX_DESCRIPTION else f"{first[: MAX_DESCRIPTION - 1]}…"


def describe_fidelity(fidelity: Fidelity) -> str:
    """Return one line: whether the version does what the hypothesis says, who decided, and the evidence."""
    return f"{ANSWER_WORDS[fidelity.answer]}, by {fidelity.by}: {'; '.join(fidelity.evidence)}"
