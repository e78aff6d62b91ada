"""Claim: tests a hypothesis that is strong on validation data on sealed data at once.

A run that is stopped later keeps the result.
"""

from __future__ import annotations

from agents.run import Run
from agents.sealed.trial import try_claim
from agents.state import Lane, Update
from pelagos.facts.drive import Waited


def claim(state: Lane, run: Run) -> Update:
    """Spends from the whole of every cap, since the reserve is for this. Its time is recorded as waiting: it says
    nothing about how long the next hypothesis takes."""
    hypothesis, began = state["hypothesis"], run.now()
    try:
        with run.steps.budget.confirming():
            try_claim(hypothesis, run)
    finally:
        wait = Waited(hypothesis=hypothesis, seconds=round(run.now() - began, 3))
        run.ledger.record(wait, f"claim/{hypothesis}")
    return {"strong": False}
