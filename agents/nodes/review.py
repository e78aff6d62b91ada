"""Review: the only place that waits for a person. Off by default.

`gate` waits until the kept hypothesis has a decision of its own (`agents/review/decisions.py`); `glance` (review async)
applies a decision that exists already and continues. A rejected hypothesis isn't carried out and becomes a lesson; one
that needs a revision is planned again with the reviewer's note, and reviewed again. A lane that waits keeps its place,
and the others continue; if all wait and nobody decides, the drive ends and `resume` asks again.
"""

from __future__ import annotations

import shlex

from agents.review.decisions import find_newest_decision, hash_state, record_review
from agents.run import Run
from agents.state import Lane, Update
from pelagos.facts.review import Decision, Reviewed, Wanted
from pelagos.nouns import Hypothesis, Plan


def gate(state: Lane, run: Run) -> Update:
    """Runs from its beginning at each resume, so it asks again until the decision is in the ledger."""
    from langgraph.types import interrupt

    id, digest = state["hypothesis"], _hash_state(state, run)
    if run.ledger.fact(Reviewed, digest) is None and find_newest_decision(run.ledger, id, digest) is None:
        _ask(id, digest, run)
        with run.review_gate.waiting(state["lane"]):
            decision = _wait_for_decision(id, digest, run)
        if decision is None:
            run.review_gate.leave()
            interrupt({"waiting_for": [id]})
        run.pace.forget(id)
    return _apply_decision(state, digest, run)


def glance(state: Lane, run: Run) -> Update:
    return _apply_decision(state, _hash_state(state, run), run)


def describe_decide(run: Run, hypothesis: str) -> str:
    """Return the commands by which a person decides on the hypothesis."""
    folder = shlex.quote(str(run.folder))
    return f"`pelagos decide {folder} {hypothesis} accept` (or reject, or revise --note TEXT)"


def _hash_state(state: Lane, run: Run) -> str:
    """Return the hash of what the reviewer decides on: the hypothesis and the revision of its plans."""
    hypothesis = run.noun(Hypothesis, state["hypothesis"])
    return hash_state(hypothesis, run.noun(Plan, state["plans"][0]).revision)


def _ask(hypothesis: str, digest: str, run: Run) -> None:
    run.ledger.record(Wanted(hypothesis=hypothesis), digest)
    run.say(f"{hypothesis} waits for a review: {describe_decide(run, hypothesis)}")
    title, folder = run.noun(Hypothesis, hypothesis).title, shlex.quote(str(run.folder.absolute()))
    reason = f"for a review of {hypothesis} (accept, reject, or revise --note TEXT): {title}"
    command = f"pelagos decide {folder} {hypothesis} accept"
    run.notifier.tell("waiting", f"{Wanted.KIND}/{digest}", "waiting", reason, command)


def _wait_for_decision(hypothesis: str, digest: str, run: Run) -> tuple[str, Decision] | None:
    """Return the decision, None if nobody decided. Raises Interrupted, and CapReached if the time is up."""
    while (decision := find_newest_decision(run.ledger, hypothesis, digest)) is None:
        if run.review_gate.given_up():
            break
        run.boundary()
        run.steps.budget.check()
    return decision


def _apply_decision(state: Lane, digest: str, run: Run) -> Update:
    id = state["hypothesis"]
    review = record_review(run.ledger, id, digest, find_newest_decision(run.ledger, id, digest))
    if review.by:
        outcome = {"accept": "accepted", "reject": "rejected", "revise": "sent back for a new plan"}[review.decision]
        run.say(f"{id} {outcome} by a reviewer{': ' if review.note else ''}{review.note}")
    if review.decision == "accept":
        return {}
    return {"plans": [], "kept": review.decision == "revise"}
