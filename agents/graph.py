"""Defines the state machine: nodes and edges, nothing else.

    baseline -> survey -> lane x N -> confirm -> report

A lane finishes one hypothesis before it asks for the next, so the next one learns from it, and a run that is stopped at
any moment has tested its earlier ideas. Lanes don't wait for one another. A lane goes in segments of `SEGMENT_IDEAS`
ideas, each a graph of its own, since LangGraph remembers every task of a graph until that graph ends.

    ideate -> screen -> plan -> review? -> build -> experiment -> judge -> claim? -> reflect -> ideate ...
      ^---------'        ^- revise -'                   ^- more seeds -'

A node is a plain function `node(state, run) -> update`; `agents.node_wrapper` adds the progress fact, the boundary
check and the two clean stops (a cap, no model) to each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from agents.node_wrapper import wrap_node
from agents.nodes import (
    baseline,
    build,
    claim,
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
from agents.state import Lane, LaneEnd, State, Update, open_lane

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
    claim.claim,
    reflect.reflect,
)
REVIEW_NODES: Mapping[str, str] = {"gate": "gate", "async": "glance"}
SEGMENT_IDEAS = 100
RECURSION_LIMIT = 2**31 - 1
"""Practically no limit in LangGraph: hypotheses, time and attempts bound a run."""


def build_run_graph(review: Review, checkpointer: BaseCheckpointSaver[Any] | None = None) -> Graph:
    """Build the graph of a whole run."""
    graph = StateGraph(State, context_schema=Run)
    for node in ONCE:
        graph.add_node(node.__name__, wrap_node(node))
    graph.add_node("lane", build_lane_graph(review))
    graph.add_edge(START, "baseline")
    graph.add_conditional_edges("baseline", _choose_after_baseline, ["survey", "report"])
    graph.add_conditional_edges("survey", _open_lanes, ["lane", "confirm"])
    graph.add_edge("lane", "confirm")
    graph.add_edge("confirm", "report")
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)


def build_lane_graph(review: Review) -> Graph:
    """Build the graph of one lane: segments, one after another, until it ends."""
    graph = StateGraph(Lane, context_schema=Run, output_schema=LaneEnd)
    graph.add_node("segment", build_segment_graph(review))
    graph.add_edge(START, "segment")
    graph.add_conditional_edges("segment", _choose_after_segment, ["segment", END])
    return graph.compile()


def build_segment_graph(review: Review) -> Graph:
    """Build the graph of a lane's segment, which takes one hypothesis after another."""
    graph = StateGraph(Lane, context_schema=Run)
    review_node = REVIEW_NODES.get(review)
    for node in REPEATED:
        if node.__name__ == review_node or node.__name__ not in REVIEW_NODES.values():
            graph.add_node(node.__name__, wrap_node(node))
    after_plan = review_node or "build"
    graph.add_edge(START, "ideate")
    graph.add_conditional_edges("ideate", _choose_after_ideate, ["screen", "ideate", "judge", END])
    graph.add_conditional_edges("screen", _choose_after_screen, ["plan", "ideate", END])
    graph.add_conditional_edges(
        "plan", lambda state: after_plan if _is_running(state) else "judge", [after_plan, "judge"]
    )
    if review_node:
        graph.add_conditional_edges(review_node, _choose_after_review, ["build", "plan", "judge"])
    graph.add_conditional_edges("build", _choose_after_build, ["experiment", "judge"])
    graph.add_conditional_edges("judge", _choose_after_judge, ["experiment", "claim", "reflect"])
    graph.add_edge("claim", "reflect")
    graph.add_edge("experiment", "judge")
    graph.add_conditional_edges("reflect", _choose_next, ["ideate", END])
    return graph.compile()


def _is_running(state: State | Lane) -> bool:
    return state["status"] == "running"


def _choose_after_baseline(state: State) -> str:
    return "survey" if _is_running(state) else "report"


def _open_lanes(state: State) -> str | list[Send]:
    return [Send("lane", open_lane(state, lane)) for lane in range(state["lanes"])] if _is_running(state) else "confirm"


def _choose_after_segment(state: Lane) -> str:
    return "segment" if _is_running(state) else END


def _choose_after_ideate(state: Lane) -> str:
    if not _is_running(state):
        return END
    if state["kept"]:  # a reviewer wants more seeds for one that was carried out already
        return "judge"
    return "screen" if state["hypothesis"] else _choose_next(state)


def _choose_after_screen(state: Lane) -> str:
    return "plan" if _is_running(state) and state["kept"] else _choose_next(state)


def _choose_after_review(state: Lane) -> str:
    if not _is_running(state):
        return "judge"
    return "build" if state["plans"] else "plan" if state["kept"] else "judge"


def _choose_after_build(state: Lane) -> str:
    return "experiment" if _has_due_seeds(state) else "judge"


def _choose_after_judge(state: Lane) -> str:
    if _has_due_seeds(state):
        return "experiment"
    return "claim" if state["strong"] else "reflect"


def _choose_next(state: Lane) -> str:
    """The next idea; or the end, of the lane or of its segment. No hypothesis is in progress."""
    is_segment_over = state["visits"]["ideate"] % SEGMENT_IDEAS == 0
    return "ideate" if _is_running(state) and not is_segment_over else END


def _has_due_seeds(state: Lane) -> bool:
    return _is_running(state) and bool(state["due"])
