"""Review: the only place that waits for a person. Off by default.

`gate` waits until the kept hypothesis has a decision of its own (`agents/reviews.py`); `glance` (review async) takes
the decision there is and goes on. What is rejected is not carried out and becomes a lesson; what is to be revised is
planned anew, with the reviewer's words, and looked at again. A lane that waits keeps its place, and others go on; when
all wait and nobody comes, the drive ends and `resume` asks again.
"""

from __future__ import annotations

import shlex
from typing import Any

from agents.reviews import WANTED, act, newest, state_of
from agents.run import Run
from agents.state import Lane, Update
from memory.ledger import Event
from pelagos.errors import CapReached
from pelagos.nouns import Hypothesis, Plan


def gate(state: Lane, run: Run) -> Update:
    """The node is entered anew at each resume, so it asks again until the decision is in the ledger."""
    from langgraph.types import interrupt

    seen = _state(state, run)
    if run.ledger.find("reviewed", seen) is None and newest(run.ledger, seen) is None:
        _ask(state["hypothesis"], seen, run)
        with run.desk.waiting(state["lane"]):
            decided = _awaited(seen, run)
        if decided is None:
            run.desk.leave()
            interrupt({"waiting_for": [state["hypothesis"]]})
        run.pace.forget(state["hypothesis"])
    return _acted(state, seen, run)


def glance(state: Lane, run: Run) -> Update:
    return _acted(state, _state(state, run), run)


def how(run: Run, hypothesis: str) -> str:
    """The commands to type."""
    folder = shlex.quote(str(run.folder))
    return f"`pelagos decide {folder} {hypothesis} accept` (or reject, or revise --note TEXT)"


def _state(state: Lane, run: Run) -> str:
    hypothesis = run.noun(Hypothesis, state["hypothesis"])
    return state_of(hypothesis, run.noun(Plan, state["plans"][0]).revision)


def _ask(hypothesis: str, seen: str, run: Run) -> None:
    if run.ledger.find(WANTED, seen) is None:
        run.ledger.append(WANTED, seen, {"hypothesis": hypothesis})
    run.say(f"{hypothesis} waits for a review: {how(run, hypothesis)}")


def _awaited(seen: str, run: Run) -> Event | None:
    """The decision, None where nobody came. Raises Interrupted, and CapReached where the time is up."""
    while (found := newest(run.ledger, seen)) is None and not run.desk.given_up():
        run.boundary()
        left = run.steps.budget.left_s()
        if left is not None and left <= 0:
            cap = run.settings.caps.seconds or 0.0
            raise CapReached("seconds", cap - left, cap)
    return found


def _acted(state: Lane, seen: str, run: Run) -> Update:
    done: dict[str, Any] = act(run.ledger, state["hypothesis"], seen, newest(run.ledger, seen))
    if done["by"]:
        said = {"accept": "accepted", "reject": "rejected", "revise": "to be planned anew"}[done["decision"]]
        run.say(f"{state['hypothesis']} {said} by a reviewer{': ' if done['note'] else ''}{done['note']}")
    if done["decision"] == "accept":
        return {}
    return {"plans": [], "kept": done["decision"] == "revise"}
