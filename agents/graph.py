"""The state machine: nodes and edges, nothing else.

    baseline -> survey -> lane x N -> confirm -> report

A lane takes one hypothesis all the way before it thinks of the next, so the next one learns from it, and a run that is
stopped at any moment has tested what it thought of. Lanes don't wait for each other.

    ideate -> screen -> plan -> review? -> build -> experiment -> judge -> reflect -> ideate ...
      ^---------'        ^- revise -'                   ^- more seeds -'

A node is a plain function `node(state, run) -> update`; `agents.guard` puts the progress fact, the boundary check and
the two clean stops (a cap, no model) around each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from agents.guard import guarded
from agents.nodes import (
    baseline,
    build,
    confirm,
    experiment,
    ideate,
    judge,
    plan,
    reflect,
    report,
    review,
    screen,
    survey,
)
from agents.run import Run
from agents.state import Lane, LaneEnd, State, Update, lane_of

Review = Literal["off", "async", "gate"]
Graph = CompiledStateGraph[Any, Any, Any, Any]
ONCE: Sequence[Callable[[State, Run], Update]] = (baseline.baseline, survey.survey, confirm.confirm, report.report)
REPEATED: Sequence[Callable[[Lane, Run], Update]] = (
    ideate.ideate,
    screen.screen,
    plan.plan,
    review.gate,
    review.glance,
    build.build,
    experiment.experiment,
    judge.judge,
    reflect.reflect,
)
STEPS = 2**31 - 1
"""The recursion limit: none. Hypotheses, time and attempts bound a run."""


def run_graph(review: Review, checkpointer: BaseCheckpointSaver[Any] | None = None) -> Graph:
    """The whole run."""
    graph = StateGraph(State, context_schema=Run)
    for node in ONCE:
        graph.add_node(node.__name__, guarded(node))
    graph.add_node("lane", lane_graph(review))
    graph.add_edge(START, "baseline")
    graph.add_conditional_edges("baseline", lambda s: "survey" if _runs(s) else "report", ["survey", "report"])
    graph.add_conditional_edges("survey", _lanes, ["lane", "confirm"])
    graph.add_edge("lane", "confirm")
    graph.add_edge("confirm", "report")
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)


def lane_graph(review: Review) -> Graph:
    """One lane: hypotheses, one after the other."""
    graph = StateGraph(Lane, context_schema=Run, output_schema=LaneEnd)
    for node in REPEATED:
        graph.add_node(node.__name__, guarded(node))
    reviewed = {"gate": "gate", "async": "glance"}.get(review, "build")
    graph.add_edge(START, "ideate")
    graph.add_conditional_edges("ideate", _after_ideate, ["screen", "ideate", END])
    graph.add_conditional_edges("screen", _after_screen, ["plan", "ideate", END])
    graph.add_conditional_edges("plan", lambda s: reviewed if _runs(s) else "judge", [reviewed, "judge"])
    for gate in ("gate", "glance"):
        graph.add_conditional_edges(gate, _after_review, ["build", "plan", "judge"])
    graph.add_conditional_edges("build", _seeds_or("judge"), ["experiment", "judge"])
    graph.add_conditional_edges("judge", _seeds_or("reflect"), ["experiment", "reflect"])
    graph.add_edge("experiment", "judge")
    graph.add_conditional_edges("reflect", lambda s: "ideate" if _runs(s) else END, ["ideate", END])
    return graph.compile()


def _runs(state: State | Lane) -> bool:
    return state["status"] == "running"


def _lanes(state: State) -> str | list[Send]:
    return [Send("lane", lane_of(state, lane)) for lane in range(state["lanes"])] if _runs(state) else "confirm"


def _after_ideate(state: Lane) -> str:
    if not _runs(state):
        return END
    return "screen" if state["hypothesis"] else "ideate"


def _after_screen(state: Lane) -> str:
    if not _runs(state):
        return END
    return "plan" if state["kept"] else "ideate"


def _after_review(state: Lane) -> str:
    if not _runs(state):
        return "judge"
    return "build" if state["plans"] else "plan" if state["kept"] else "judge"


def _seeds_or(otherwise: str) -> Callable[[Lane], str]:
    return lambda state: "experiment" if _runs(state) and state["due"] else otherwise
