"""Review: the only place that waits for a person. Off by default.

`gate` waits until the kept hypothesis has a decision; `glance` (review async) takes the decision there is and goes on.
Decisions are facts of kind `decision`: {hypothesis, decision: accept | reject | revise, note}, the newest holds; a
rejected or to-be-revised hypothesis is not carried out.
"""

from __future__ import annotations

from agents.run import Run
from agents.state import Lane, Update


def gate(state: Lane, run: Run) -> Update:
    """The node is entered anew at each resume, so it asks again until the decision is in the ledger."""
    from langgraph.types import interrupt

    if state["hypothesis"] not in decisions(run):
        interrupt({"waiting_for": [state["hypothesis"]]})
    return _accepted(state, decisions(run))


def glance(state: Lane, run: Run) -> Update:
    return _accepted(state, decisions(run))


def decisions(run: Run) -> dict[str, str]:
    """Hypothesis id -> accept, reject or revise."""
    facts = (event.payload for event in run.ledger.events("decision"))
    return {fact["hypothesis"]: fact["decision"] for fact in facts}


def _accepted(state: Lane, decisions: dict[str, str]) -> Update:
    return {"plans": state["plans"] if decisions.get(state["hypothesis"], "accept") == "accept" else []}
