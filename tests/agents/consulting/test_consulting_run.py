"""A run whose plans call a tool from outside: offered, called once per hypothesis, shown with its provenance, handed on;
a kill between intent and result is made good, a kill after the result calls nothing again."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import create, drive
from agents.models.protocol import Reply, Request
from app.report.build import write_report
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Event, Ledger
from pelagos.external_tools import ExternalTools
from pelagos.facts.external import ToolCall
from pelagos.facts.reader import read
from tests.agents.crash import SERVER, STATUS, wait_for_end
from tests.agents.scripted import Scripted, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task

WIRE = Path(__file__).parents[2] / "tools" / "external" / "servers" / "wire.py"


class Curious(Scripted):
    """Plans look something up first: the sum of two numbers, and a tool that isn't allowed to be called."""

    calls_planned: Any = ({"tool": "wire.add", "arguments": {"a": 19, "b": 23}},)

    def complete(self, request: Request, limit: Any) -> Reply:
        reply = super().complete(request, limit)
        if request.role != "planner" or "Tools from outside" not in request.messages[1].content:
            return reply
        planned = json.loads(reply.text)
        looked_up = [{"text": "What is 19 and 23?", "call": call} for call in self.calls_planned]
        return reply.model_copy(update={"text": json.dumps({"steps": [*looked_up, *planned["steps"]]})})


def make_external(calls: Path, **more: Any) -> ExternalTools:
    server = {"command": "python", "args": [str(WIRE), "noise"], "env": {"WIRE_CALLS": str(calls)}}
    return ExternalTools(**{"mcpServers": {"wire": server}, "allow": ["wire.*"], **more})


def launch(project: Path, model: Scripted, watch: Any = None, **more: Any) -> Path:
    """Launch or resume a run of one hypothesis."""
    assembly, run = ScriptedAssembly(model), project / "runs" / "r"
    if not run.exists():
        settings = make_short_settings(1, lanes=1, judge={"max_seeds": 3})
        settings.loop.plans = 1
        create(project, str(write_task(project / "table")), settings, run, assembly)
    drive(run, watch, assembly=assembly, external=make_external(project / "calls", **more))
    return run


def read_calls(run: Path) -> list[ToolCall]:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        return [read(ToolCall, event.payload) for event in ledger.events(ToolCall.KIND)]


def read_notes(run: Path) -> list[str]:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        return [event.payload["text"] for event in ledger.events("note")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Curious]:
    model = Curious()
    return launch(tmp_path_factory.mktemp("project"), model), model


def test_a_plan_calls_the_tool_once_and_its_answer_is_an_artifact_with_provenance(whole: Any) -> None:
    run, _ = whole
    [call] = read_calls(run)
    assert (call.tool, call.server, call.arguments, call.fault) == ("wire.add", "wire", {"a": 19, "b": 23}, "")
    assert call.version == "wire 1.0, protocol 2024-11-05"
    assert call.at and call.isolation and call.seconds > 0
    assert ArtifactStore(run / "artifacts").text(call.output) == "42"
    assert (run.parents[1] / "calls").read_text() == "call\n"


def test_planning_is_told_the_tool_as_data(whole: Any) -> None:
    _, model = whole
    [prompt] = [request.messages[1].content for request in model.requests if request.role == "planner"]
    told = prompt.partition("Tools from outside")[2]
    assert "wire.add\n==== data\nAdd two numbers." in told and '"required": ["a", "b"]' in told


def test_the_report_shows_the_answer_with_its_provenance(whole: Any) -> None:
    run, _ = whole
    [call] = read_calls(run)
    for path in write_report(run):
        text = path.read_text()
        assert (
            "What is 19 and 23?" in text and "42" in text and call.output[:16] in text and "protocol 2024-11-05" in text
        )


def test_the_run_folder_holds_no_command_to_start(whole: Any) -> None:
    run, _ = whole
    assert "wire.py" not in (run / "run.json").read_text()


def test_a_tool_that_is_not_allowed_is_never_started_and_the_run_goes_on(tmp_path: Path) -> None:
    run = launch(tmp_path, Curious(), allow=["other.*"])
    assert read_calls(run) == []
    assert 'tools: wire: not allowed: add "wire.*" to allow under [external] in pelagos.toml' in read_notes(run)
    assert not (tmp_path / "calls").exists()
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        assert ledger.events("verdict")


def test_arguments_that_do_not_fit_are_never_sent(tmp_path: Path) -> None:
    model = Curious()
    model.calls_planned = ({"tool": "wire.add", "arguments": {"a": "much"}},)
    run = launch(tmp_path, model)
    [call] = read_calls(run)
    assert call.fault.startswith("the arguments don't fit its schema: ") and not call.output
    assert not (tmp_path / "calls").exists()
    assert any(text.startswith("h1-p1: wire.add: no answer: the arguments don't fit") for text in read_notes(run))


def run_child(project: Path, die_at: str) -> None:
    """Launch or resume; SIGKILL itself right after the first row of this kind."""

    def watch(event: Event) -> None:
        if event.kind == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    launch(project, Curious(), watch)


@pytest.mark.parametrize("die_at", ["tool.call.intent", pytest.param("tool.call", marks=pytest.mark.slow)])
def test_a_kill_around_the_call_costs_no_second_call(tmp_path: Path, die_at: str) -> None:
    process = SERVER.Process(target=run_child, args=(tmp_path, die_at))
    with STATUS:
        process.start()
    assert wait_for_end(process, 60) == -signal.SIGKILL
    run = launch(tmp_path, Curious())
    assert [call.fault for call in read_calls(run)] == [""]
    assert (tmp_path / "calls").read_text().count("call") == 1
