"""What stands around every node: the progress fact, the boundary check, and the two clean stops.

A cap that is reached and models that don't answer end a lane early, with the best so far; they are no errors of a
node. Everything else a node raises is either the run's end (RunFailed, Interrupted) or a programming error, and
leaves the graph with its checkpoint in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agents.run import Run
from agents.serving import serving
from agents.state import Update
from pelagos.errors import CapReached, ModelTimeout, ModelUnavailable

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

CLOSING = frozenset({"confirm", "report"})
LAST = frozenset({"ideate", "screen", "reflect"})
"""Nodes after which a lane ends where its status isn't running."""


def guarded(node: Callable[[Any, Run], Update]) -> Callable[..., Update]:
    """`node` as LangGraph calls it."""
    name = node.__name__

    def inner(state: Any, runtime: Runtime[Run]) -> Update:
        run = runtime.context
        run.boundary()
        visits = {"visits": {name: state["visits"].get(name, 0) + 1}}
        hypothesis = state.get("hypothesis", "")
        if name in CLOSING:
            run.open_reserve()
        try:
            run.ledger.append("node", _key(name, state), {"node": name, "hypothesis": hypothesis})
            with serving(hypothesis):
                done = node(state, run)
        except CapReached as reached:
            done = _stop(run, "capped", str(reached), reached.resource)
        except (ModelUnavailable, ModelTimeout) as error:
            done = _stop(run, "starved", f"no model answers: {error}")
        except BaseException as error:
            _let_go(error, run)
            raise
        if name in LAST and done.get("status", state["status"]) != "running":
            run.desk.leave()
        return {**visits, **done}

    inner.__name__ = name
    return inner


def _let_go(error: BaseException, run: Run) -> None:
    """What ends the drive ends the other lanes' waiting; a lane that is put aside doesn't."""
    from langgraph.errors import GraphInterrupt

    if not isinstance(error, GraphInterrupt):
        run.desk.shut()


def _key(name: str, state: Mapping[str, Any]) -> str:
    """The progress key: how often the node was entered, in a lane with the hypothesis asked for last."""
    visit = state["visits"].get(name, 0) + 1
    return f"{name}/{visit}" if "lane" not in state else f"{state['lane']}/h{state['number']}/{name}/{visit}"


def _stop(run: Run, status: str, reason: str, resource: str = "") -> Update:
    run.say(f"stopping early: {reason}")
    finished = resource == "seconds"
    return {"status": "finished" if finished else status, "reason": reason}
