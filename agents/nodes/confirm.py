"""Confirm: tests the remaining promising hypotheses on sealed data, and revises the lessons that this changes.

A run that ends since no model answers is not over, so it doesn't look at sealed data: `resume` continues it. With
`judge.confirm = false` they stay sealed, and promising versions are audited on validation data alone.
"""

from __future__ import annotations

from agents.lessons.lessons import revise_outdated
from agents.run import Run
from agents.sealed.confirmation_order import audit_promising, try_remaining_claims
from agents.state import State, Update


def confirm(state: State, run: Run) -> Update:
    """Spends from the whole of every cap, including the reserve that lanes may not use. Raises CapReached; the tests
    until then are recorded."""
    if state["status"] == "starved":
        if run.promising():
            run.say(f"confirm: put off, sealed data stay sealed: {state['reason']}; `pelagos resume` goes on")
        return {}
    try:
        with run.steps.budget.confirming():
            if run.settings.judge.confirm:
                try_remaining_claims(run)
            else:
                audit_promising(run)
    finally:
        revise_outdated(run)
    return {}
