"""The state machine: nodes and edges, nothing else.

    baseline -> survey -> ideate <-> screen -> plan -> review? -> experiment x N -> judge -> reflect -> turn
                            ^                                          ^- more seeds -'                 |
                            '-------------------- next cycle -------------------------------------------+-> confirm
                                                                                                            -> report

A node is a plain function `node(state, run) -> update`; `agents.guard` puts the progress fact, the boundary check and
the two clean stops (a cap, no model) around each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from agents.guard import guarded
from agents.nodes import (
    baseline,
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
    turn,
)
from agents.run import Run
from agents.state import Branch, BranchEnd, State, Update
from pelagos.settings import Loop

NODES: Sequence[Callable[[State, Run], Update]] = (
    baseline.baseline,
    survey.survey,
    ideate.ideate,
    screen.screen,
    plan.plan,
    review.gate,
    review.glance,
    judge.judge,
    reflect.reflect,
    turn.turn,
    confirm.confirm,
    report.report,
)


def build(loop: Loop, checkpointer: BaseCheckpointSaver[Any] | None = None) -> CompiledStateGraph[Any, Any, Any, Any]:
    graph = StateGraph(State, context_schema=Run)
    for node in NODES:
        graph.add_node(node.__name__, guarded(node))
    graph.add_node("experiment", _branch())

    def after_ideate(state: State) -> str:
        if state["status"] != "running":
            return "judge"
        return "screen" if state["proposed"] else after_screen(state)

    def after_screen(state: State) -> str:
        if state["status"] != "running":
            return "judge"
        enough = len(state["kept"]) >= loop.hypotheses or state["attempt"] >= loop.attempts
        return "plan" if enough else "ideate"

    def after_plan(state: State) -> str | list[Send]:
        if state["status"] != "running":
            return "judge"
        waits = {"gate": "gate", "async": "glance"}.get(loop.review)
        return waits if waits and state["plans"] else _plans(state)

    graph.add_edge(START, "baseline")
    graph.add_conditional_edges("baseline", _while_running("survey", "report"), ["survey", "report"])
    graph.add_conditional_edges("survey", _while_running("ideate", "judge"), ["ideate", "judge"])
    graph.add_conditional_edges("ideate", after_ideate, ["screen", "ideate", "plan", "judge"])
    graph.add_conditional_edges("screen", after_screen, ["ideate", "plan", "judge"])
    graph.add_conditional_edges("plan", after_plan, ["gate", "glance", "experiment", "judge"])
    graph.add_conditional_edges("gate", _plans, ["experiment", "judge"])
    graph.add_conditional_edges("glance", _plans, ["experiment", "judge"])
    graph.add_edge("experiment", "judge")
    graph.add_conditional_edges("judge", _more_seeds, ["experiment", "reflect"])
    graph.add_edge("reflect", "turn")
    graph.add_conditional_edges("turn", _while_running("ideate", "confirm"), ["ideate", "confirm"])
    graph.add_edge("confirm", "report")
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)


def steps_at_most(loop: Loop, max_seeds: int) -> int:
    """The recursion limit: supersteps of a whole run, with every loop at its bound, and some room."""
    return 10 + loop.cycles * (2 * loop.attempts + 2 * max_seeds + 10)


def _while_running(on: str, end: str) -> Callable[[State], str]:
    return lambda state: on if state["status"] == "running" else end


def _branch() -> CompiledStateGraph[Any, Any, Any, Any]:
    """One plan: build (once), then the seeds that are due."""
    graph = StateGraph(Branch, context_schema=Run, output_schema=BranchEnd)
    graph.add_node("build", guarded(experiment.build))
    graph.add_node("seeds", guarded(experiment.seeds))
    graph.add_conditional_edges(START, lambda s: "seeds" if s.get("version") else "build", ["build", "seeds"])
    graph.add_conditional_edges("build", lambda s: "seeds" if s.get("version") else END, ["seeds", END])
    graph.add_edge("seeds", END)
    return graph.compile()


def _plans(state: State) -> str | list[Send]:
    return _fan_out(state, [Branch(plan=plan) for plan in state["plans"]]) or "judge"


def _more_seeds(state: State) -> str | list[Send]:
    if state["status"] != "running":
        return "reflect"
    due = [Branch(version=version, seeds=seeds) for version, seeds in state["buying"].items() if seeds]
    return _fan_out(state, due) or "reflect"


def _fan_out(state: State, branches: Sequence[Branch]) -> list[Send]:
    return [Send("experiment", {"cycle": state["cycle"], **branch}) for branch in branches]
