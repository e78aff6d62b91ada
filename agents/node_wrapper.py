"""Wraps every node: records the progress fact, checks the boundary, and handles the two clean stops.

A reached cap and models that don't answer end a lane early, with the best so far; they aren't errors of a node. Every
other exception either ends the run (RunFailed, Interrupted) or is a programming error. It leaves the graph, and the
checkpoint stays in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agents.current_hypothesis import working_for
from agents.run import Run
from agents.state import Update
from pelagos.errors import CapReached, ModelTimeout, ModelUnavailable
from pelagos.facts.drive import Entered

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

LANE_ENDS = frozenset({"ideate", "screen", "reflect"})
"""Nodes after which a lane ends if its status isn't running."""


def wrap_node(node: Callable[[Any, Run], Update]) -> Callable[..., Update]:
    """Return `node` in the form that LangGraph calls."""
    name = node.__name__

    def wrapped(state: Any, runtime: Runtime[Run]) -> Update:
        run = runtime.context
        run.boundary()
        visits = {"visits": {name: state["visits"].get(name, 0) + 1}}
        hypothesis = state.get("hypothesis", "")
        try:
            run.ledger.record(Entered(node=name, hypothesis=hypothesis), _progress_key(name, state))
            with working_for(hypothesis):
                update = node(state, run)
        except CapReached as cap:
            update = _stop(run, "capped", str(cap), cap.resource)
        except (ModelUnavailable, ModelTimeout) as error:
            update = _stop(run, "starved", f"no model answers: {error}")
        except BaseException as error:
            _close_review_gate(error, run)
            raise
        if name in LANE_ENDS and update.get("status", state["status"]) != "running":
            run.review_gate.leave()
        return {**visits, **update}

    wrapped.__name__ = name
    return wrapped


def _close_review_gate(error: BaseException, run: Run) -> None:
    """Stop the other lanes' waiting if the error ends the drive. A lane that is interrupted for a review doesn't."""
    from langgraph.errors import GraphInterrupt

    if not isinstance(error, GraphInterrupt):
        run.review_gate.close()


def _progress_key(name: str, state: Mapping[str, Any]) -> str:
    """Return the progress key: the node and its visit, from 1; in a lane also the lane and its newest hypothesis."""
    visit = state["visits"].get(name, 0) + 1
    return f"{name}/{visit}" if "lane" not in state else f"{state['lane']}/h{state['number']}/{name}/{visit}"


def _stop(run: Run, status: str, reason: str, resource: str = "") -> Update:
    """Return the update that ends the lane. A run whose time is used up has finished, since its end was planned."""
    run.say(f"stopping early: {reason}")
    return {"status": "finished" if resource == "seconds" else status, "reason": reason}
