"""Records and reads a reviewer's decisions on hypotheses. They are ledger facts, added during a drive or between two.

A decision is about one state of a hypothesis, identified by a hash: a hypothesis that was planned again must be
reviewed again. There are three kinds of facts: `review.wanted` (the run waits), `decision` (the newest one about a
state holds, until it is acted on) and `reviewed` (the run acted on it, and which decision that was).
"""

from __future__ import annotations

from memory.ledger.keys import step_key
from memory.ledger.ledger import Ledger, Reader
from pelagos.errors import BadInput, Stale
from pelagos.facts.fact import find_kind
from pelagos.facts.ideas import Screened
from pelagos.facts.review import Decision, Reviewed, Word
from pelagos.nouns import Build, Hypothesis, Verdict
from pelagos.visible import make_visible

MAX_NOTE = 2_000
REJECTED = "rejected by a reviewer"


def hash_state(hypothesis: Hypothesis, revision: int) -> str:
    """Return the hash of what a reviewer sees: the hypothesis, and how often it was planned again."""
    return step_key(hypothesis=hypothesis.model_dump(mode="json"), revision=revision)


def list_reviews(ledger: Reader, hypothesis: str) -> list[Reviewed]:
    """Return the `reviewed` facts of the hypothesis, in order."""
    facts = ledger.facts(Reviewed, _find_row(ledger, hypothesis))
    return [fact for fact in facts.values() if fact.hypothesis == hypothesis]


def count_revisions(ledger: Reader, hypothesis: str) -> int:
    """Return how often reviewers asked for another plan."""
    return sum(fact.decision == "revise" for fact in list_reviews(ledger, hypothesis))


def join_notes(ledger: Reader, hypothesis: str) -> str:
    """Return all notes of reviewers on it, "" if there are none."""
    return "\n".join(fact.note for fact in list_reviews(ledger, hypothesis) if fact.note)


def find_rejection(ledger: Reader, hypothesis: str) -> str:
    """Return `rejected by a reviewer: NOTE`, "" if it wasn't rejected."""
    rejections = [fact for fact in list_reviews(ledger, hypothesis) if fact.decision == "reject"]
    return f"{REJECTED}{': ' if rejections[-1].note else ''}{rejections[-1].note}" if rejections else ""


def _find_row(ledger: Reader, hypothesis: str) -> int:
    """Return the number of the hypothesis' row. What people decide on it comes later, so nothing before it is read."""
    event = ledger.event(find_kind(Hypothesis), hypothesis)
    return event.seq if event else 0


def find_newest_decision(ledger: Reader, hypothesis: str, seen: str) -> tuple[str, Decision] | None:
    """Return the key and the decision that holds for the state `seen` of the hypothesis, None if there is none."""
    decisions = ledger.facts(Decision, _find_row(ledger, hypothesis))
    return next(((key, fact) for key, fact in reversed(decisions.items()) if fact.seen == seen), None)


def is_decided(ledger: Reader, hypothesis: str) -> bool:
    """Whether there is a decision on it that the run hasn't acted on."""
    decisions = ledger.facts(Decision, _find_row(ledger, hypothesis)).values()
    seen = {decision.seen for decision in decisions if decision.hypothesis == hypothesis}
    return any(ledger.fact(Reviewed, state) is None for state in seen)


def record_review(ledger: Ledger, hypothesis: str, seen: str, decided: tuple[str, Decision] | None) -> Reviewed:
    """Record that the run acts on a decision, or accepts without one. Returns the `reviewed` fact, the first if there
    is one already."""
    key, decision = decided or ("", Decision())
    fact = Reviewed(hypothesis=hypothesis, decision=decision.decision, note=decision.note, by=key)
    return ledger.record(fact, seen)


def record_decision(
    ledger: Ledger,
    hypothesis: str,
    word: Word,
    note: str = "",
    saw: str = "",
    after: str | None = None,
    by: str = "",
) -> str:
    """Record a decision; return the word that it replaces, "" if there was none. `saw` is the beginning of the hash of
    the state that the reviewer saw; by default the present state. `after` is the key of the newest decision that they
    saw, "" if they saw none; by default whatever there is is replaced.

    Raises BadInput for a hypothesis that doesn't exist, wasn't kept or was acted on, Stale for one that has changed or
    that somebody decided meanwhile.
    """
    note = make_visible(note).strip()
    _check_note(word, note)
    seen = _find_open_state(ledger, hypothesis)
    if not seen.startswith(saw):
        raise Stale(f"{hypothesis}: is not what you saw ({saw}) any more, it is {seen[:8]}: look again, then decide")
    mine = Decision(hypothesis=hypothesis, seen=seen, decision=word, note=note, by=by)
    key, before = _append_decision(ledger, mine, after)
    reviewed = ledger.fact(Reviewed, seen)
    if reviewed and reviewed.by != key:
        raise BadInput(f"{hypothesis}: {word} came too late: {reviewed.decision} was acted on a moment ago")
    return before.decision if before else ""


def _append_decision(ledger: Ledger, mine: Decision, after: str | None) -> tuple[str, Decision | None]:
    """Append the decision as the next one on its state; return its key and the decision before it. Of two processes
    that append at the same time one is first, and the other looks again. Raises Stale."""
    while True:
        earlier = {key: fact for key, fact in ledger.facts(Decision).items() if fact.seen == mine.seen}
        before = next(reversed(earlier.items()), None)
        if after is not None and (before[0] if before else "") != after:
            raise Stale(f"{mine.hypothesis}: {_describe_other(before)} meanwhile: look again, then decide")
        key = f"{mine.hypothesis}/{mine.seen[:8]}/{len(earlier) + 1}"
        if ledger.record(mine, key) == mine:
            return key, before[1] if before else None


def _describe_other(decided: tuple[str, Decision] | None) -> str:
    if decided is None:
        return "the decision that you saw is gone"
    other = decided[1]
    return f"{other.by or 'somebody'} decided {other.decision}{': ' if other.note else ''}{other.note}"


def _check_note(word: Word, note: str) -> None:
    if len(note) > MAX_NOTE:
        raise BadInput(f"--note: {len(note)} characters are too long: at most {MAX_NOTE} are taken")
    if word == "revise" and not note:
        raise BadInput("revise: say by --note what is to be changed")


def _find_open_state(ledger: Reader, id: str) -> str:
    """Return the hash of the hypothesis' present state. Raises BadInput if no decision is wanted yet or any more."""
    hypotheses = {hypothesis.id: hypothesis for hypothesis in ledger.facts(Hypothesis).values()}
    if id not in hypotheses:
        known = ", ".join(sorted(hypotheses, key=lambda name: (len(name), name))) or "none yet"
        raise BadInput(f"hypothesis '{id}': not in this run, which has {known}")
    screened = ledger.fact(Screened, id)
    if screened is None:
        raise BadInput(f"{id}: is not screened yet: decide when it waits for a review")
    if not screened.kept:
        raise BadInput(f"{id}: was thrown out at screening, nothing is to be decided: {screened.reason}")
    reviews = list_reviews(ledger, id)
    if reviews and reviews[-1].decision != "revise":
        raise BadInput(f"{id}: {reviews[-1].decision} was acted on already, it can't be changed any more")
    tested = [build.hypothesis for build in ledger.facts(Build).values()]
    if id in (*tested, *(verdict.hypothesis for verdict in ledger.facts(Verdict).values())):
        raise BadInput(f"{id}: is tested or ended already, nothing is to be decided")
    return hash_state(hypotheses[id], count_revisions(ledger, id))
