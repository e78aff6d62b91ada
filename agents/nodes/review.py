"""Review: the only place that waits for a person. Off by default.

`gate` waits until each kept hypothesis has a decision; `glance` (review async) takes the decisions there are and goes
on. Decisions are facts of kind `decision`: {hypothesis, decision: accept | reject | revise, note}, the newest holds;
a rejected or to-be-revised hypothesis is not carried out.
"""

from __future__ import annotations

from agents.run import Run
from agents.state import State, Update


def gate(state: State, run: Run) -> Update:
    decisions: dict[str, str] = _wait({"waiting_for": state["kept"]})
    return _keep_accepted(state, decisions)


def glance(state: State, run: Run) -> Update:
    return _keep_accepted(state, decisions(run))


def decisions(run: Run) -> dict[str, str]:
    """Hypothesis id -> accept, reject or revise."""
    facts = (event.payload for event in run.ledger.events("decision"))
    return {fact["hypothesis"]: fact["decision"] for fact in facts}


def _wait(question: dict[str, list[str]]) -> dict[str, str]:
    from langgraph.types import interrupt

    answer: dict[str, str] = interrupt(question)
    return answer


def _keep_accepted(state: State, decisions: dict[str, str]) -> Update:
    """A plan's id begins with its hypothesis's id and a dash-p."""
    kept = [one for one in state["kept"] if decisions.get(one, "accept") == "accept"]
    return {"kept": kept, "plans": [plan for plan in state["plans"] if plan.rsplit("-p", 1)[0] in kept]}
