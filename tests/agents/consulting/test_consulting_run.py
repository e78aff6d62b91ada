"""A run whose plans call a tool from outside: offered, called once per hypothesis, shown with its provenance, handed on;
a kill between intent and result is made good, a kill after the result calls nothing again."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.report.build import write_report
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Event, Ledger
from tests.agents.consulting.curious import Curious, launch, make_external, read_calls, read_notes
from tests.agents.crash import SERVER, STATUS, wait_for_end


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Curious]:
    model, project = Curious(), tmp_path_factory.mktemp("project")
    return launch(project, model, make_external(project / "calls")), model


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
            "What does wire.add say?" in text
            and "42" in text
            and call.output[:16] in text
            and "protocol 2024-11-05" in text
        )


def test_the_run_folder_holds_no_command_to_start(whole: Any) -> None:
    run, _ = whole
    assert "wire.py" not in (run / "run.json").read_text()


def test_a_tool_that_is_not_allowed_is_never_started_and_the_run_goes_on(tmp_path: Path) -> None:
    run = launch(tmp_path, Curious(), make_external(tmp_path / "calls", allow=["other.*"]))
    assert read_calls(run) == []
    assert 'tools: wire: not allowed: add "wire.*" to allow under [external] in pelagos.toml' in read_notes(run)
    assert not (tmp_path / "calls").exists()
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        assert ledger.events("verdict")


def test_arguments_that_do_not_fit_are_never_sent(tmp_path: Path) -> None:
    run = launch(tmp_path, Curious(("wire.add", {"a": "much"})), make_external(tmp_path / "calls"))
    [call] = read_calls(run)
    assert call.fault.startswith("the arguments don't fit its schema: ") and not call.output
    assert not (tmp_path / "calls").exists()
    assert any(text.startswith("h1-p1: wire.add: no answer: the arguments don't fit") for text in read_notes(run))


def run_child(project: Path, die_at: str) -> None:
    """Launch or resume; SIGKILL itself right after the first row of this kind."""

    def watch(event: Event) -> None:
        if event.kind == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    launch(project, Curious(), make_external(project / "calls"), watch)


@pytest.mark.parametrize("die_at", ["tool.call.intent", pytest.param("tool.call", marks=pytest.mark.slow)])
def test_a_kill_around_the_call_costs_no_second_call(tmp_path: Path, die_at: str) -> None:
    process = SERVER.Process(target=run_child, args=(tmp_path, die_at))
    with STATUS:
        process.start()
    assert wait_for_end(process, 60) == -signal.SIGKILL
    run = launch(tmp_path, Curious(), make_external(tmp_path / "calls"))
    assert [call.fault for call in read_calls(run)] == [""]
    assert (tmp_path / "calls").read_text().count("call") == 1
