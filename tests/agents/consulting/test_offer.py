"""Tools from outside where a toolchain writes its plans itself, where code is written, and with a small model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.consulting.offer import list_offered
from agents.consulting.steps import list_own_texts
from agents.nodes.build import build
from agents.nodes.plan import plan
from agents.run import Run
from agents.verifiers.off import Off
from pelagos.external_tools import NO_TOOLS, ExternalTools, TaskTools
from pelagos.facts.external import ToolCall, ToolReading
from pelagos.nouns import Hypothesis, Plan, Step
from tests.agents.nodes.laboratory import Laboratory, Numbers, Scripted, make_lane, open_run
from tests.tools.external.test_toolbox import Told

HYPOTHESIS = Hypothesis(id="h1", title="I", statement="S", rationale="r", refuted_by="n", target="a.py::f")
LOOK = {"text": "What is known?", "call": {"tool": "s.one", "arguments": {}}}
OWN = {"text": json.dumps({"better": 0.1})}


class Written(Laboratory):
    """It writes its plans itself."""

    def propose(self, task: Numbers, id: str, context: Run) -> Hypothesis | None:
        return None

    def plans(self, task: Numbers, hypothesis: Hypothesis, count: int, context: Run) -> list[list[Step]]:
        return [[Step(text=json.dumps({"better": better}))] for better in (0.1, 0.2)]


def open_consulting(
    folder: Path, *replies: Any, strong: bool = True, task: TaskTools = NO_TOOLS, toolchain: Laboratory | None = None
) -> tuple[Run, Scripted, Told]:
    run, model, told = (
        open_run(folder, loop={"knowhow": False}),
        Scripted(replies, strong),
        Told("one", answer="much\n==== end"),
    )
    run.sandbox = told
    run.external = ExternalTools(**{"mcpServers": {"s": {"command": "python"}}, "allow": ["s.*"]})
    run.task.external = task  # type: ignore[attr-defined]
    run.toolchain = toolchain or run.toolchain  # type: ignore[assignment]
    run.model = lambda role: model if role == "planner" else Scripted([None])  # type: ignore[assignment, return-value]
    run.fidelity = lambda version: None  # type: ignore[method-assign, assignment]
    run.verifier = Off()
    run.record(HYPOTHESIS)
    return run, model, told


def carry_out(run: Run) -> Plan:
    """Plan and build; returns the plan as the toolchain got it."""
    planned = plan(make_lane("h1"), run)
    build(make_lane("h1", plans=planned["plans"]), run)
    assert isinstance(run.toolchain, Laboratory)
    return run.toolchain.received[-1]


def test_where_code_is_written_a_step_may_look_something_up(tmp_path: Path) -> None:
    run, model, _ = open_consulting(tmp_path, {"steps": [LOOK, OWN]})
    received = carry_out(run)
    assert [step.text for step in received.steps] == [OWN["text"]]
    assert received.observations == ["What is known?\ns.one(), told 1:\nmuch\n==== end"]
    assert [step.text for step in run.nouns(Plan)[0].steps] == ["What is known?", OWN["text"]]  # the record has both
    assert list_own_texts(run.nouns(Plan)[0].steps) == [OWN["text"]]  # what fidelity is judged by
    assert "a step that looks something up has a call as well" in model.requests[0][0]
    [call] = run.ledger.facts(ToolCall).values()
    assert (call.hypothesis, call.plan, call.tool) == ("h1", "h1-p1", "s.one")


def test_a_plan_that_only_looks_up_is_carried_out_as_the_statement(tmp_path: Path) -> None:
    run, _, _ = open_consulting(tmp_path, {"steps": [LOOK]})
    planned = plan(make_lane("h1"), run)
    build(make_lane("h1", plans=planned["plans"]), run)
    assert isinstance(run.toolchain, Laboratory)
    assert [step.text for step in run.toolchain.received[0].steps] == ["S"]


def test_where_a_toolchain_writes_its_plans_the_calls_are_chosen_beside_them(tmp_path: Path) -> None:
    run, model, told = open_consulting(tmp_path, {"steps": [LOOK]}, toolchain=Written())
    received = carry_out(run)
    assert [step.text for step in received.steps] == [json.dumps({"better": 0.1})]
    assert len(received.observations) == 1
    assert [len(each.steps) for each in run.nouns(Plan)] == [2, 2]
    assert "It is tested by an analysis that is fixed already" in model.requests[0][0]
    assert len(told.specs) == 2  # listed once, called once for both plans


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("The tool speaks of IL-6 and p53 alike, which adds nothing.", True),
        ("The tool speaks for it with p = 0.001, so it is true.", False),
        (None, False),
    ],
)
def test_what_a_model_makes_of_the_answers_is_kept_unless_it_holds_a_number(
    tmp_path: Path, words: str | None, kept: bool
) -> None:
    run, _, _ = open_consulting(tmp_path, {"steps": [LOOK]}, toolchain=Written())
    ideator = Scripted([{"reading": words} if words else None])
    planner = run.model
    run.model = lambda role: ideator if role == "ideator" else planner(role)  # type: ignore[assignment, return-value]
    carry_out(run)
    [reading] = run.ledger.facts(ToolReading).values()
    assert reading.text == (words if kept else "")
    assert "answered, as data:\n==== data\nWhat is known?" in ideator.requests[0][0]


def test_where_no_reply_fits_nothing_is_looked_up(tmp_path: Path) -> None:
    run, _, told = open_consulting(tmp_path, None, toolchain=Written())
    assert carry_out(run).observations == [] and len(told.specs) == 1


@pytest.mark.parametrize(("task", "offered"), [(NO_TOOLS, []), (TaskTools(allow=["s.one"]), ["s.one"])])
def test_a_small_model_plans_with_tools_only_where_the_task_names_them(
    tmp_path: Path, task: TaskTools, offered: list[str]
) -> None:
    run, model, _ = open_consulting(tmp_path, {"steps": [LOOK, OWN]}, strong=False, task=task)
    assert [tool.name for tool in list_offered(run)] == offered
    planned = plan(make_lane("h1"), run)
    assert len(model.requests) == len(offered)  # without tools it isn't asked for plans
    assert len(run.noun(Plan, planned["plans"][0]).steps) == 1 + len(offered)


def test_without_settings_nothing_changes(tmp_path: Path) -> None:
    run, model, told = open_consulting(tmp_path, {"steps": [OWN]})
    run.external = ExternalTools()
    assert carry_out(run).observations == []
    assert "Tools from outside" not in model.requests[0][0] and told.specs == []
