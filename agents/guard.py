"""What stands around every node: the progress fact, the boundary check, and the two clean stops.

A cap that is reached and models that don't answer end the loop early, with the best so far; they are no errors of a
node. Everything else a node raises is either the run's end (RunFailed, Interrupted) or a programming error, and
leaves the graph with its checkpoint in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agents.run import Run
from agents.state import Update
from pelagos.errors import CapReached, ModelTimeout, ModelUnavailable

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

CLOSING = frozenset({"judge", "reflect", "turn", "confirm", "report"})


def guarded(node: Callable[[Any, Run], Update]) -> Callable[..., Update]:
    """`node` as LangGraph calls it."""
    name = node.__name__

    def inner(state: Any, runtime: Runtime[Run]) -> Update:
        run = runtime.context
        run.boundary()
        key, visits = _visit(name, state)
        run.ledger.append("node", key, {"node": name, "cycle": state["cycle"]})
        if name in CLOSING and state["status"] != "running":
            run.open_reserve()
        try:
            return {**visits, **node(state, run)}
        except CapReached as reached:
            return {**visits, **_stop(run, "capped", str(reached), reached.resource)}
        except (ModelUnavailable, ModelTimeout) as error:
            return {**visits, **_stop(run, "starved", f"no model answers: {error}")}

    inner.__name__ = name
    return inner


def _visit(name: str, state: Mapping[str, Any]) -> tuple[str, Update]:
    """The progress key; a branch's says which plan or which seeds, the loop's how often the node was entered."""
    if "visits" not in state:
        due = state.get("plan") or f"{state.get('version', '')[:12]}.{'.'.join(map(str, state.get('seeds', [])))}"
        return f"{state['cycle']}/{name}/{due}", {}
    visit = state["visits"].get(name, 0) + 1
    return f"{state['cycle']}/{name}/{visit}", {"visits": {name: visit}}


def _stop(run: Run, status: str, reason: str, resource: str = "") -> Update:
    run.say(f"stopping early: {reason}")
    finished = resource == "seconds"
    return {"status": "finished" if finished else status, "reason": reason}
