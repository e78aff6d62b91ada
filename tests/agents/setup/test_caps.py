"""A run goes on with caps that are given anew; one that can't be kept, or is spent already, is refused in one line."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.setup.caps import replace_caps
from agents.setup.create import create
from app.live.board import list_budgets
from app.record import folders
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Event, Ledger
from pelagos.errors import BadInput
from tests.agents.scripted import ScriptedAssembly
from tests.agents.test_loop import launch, make_settings, read_facts
from tests.toolchains.table import write_task


def test_a_capped_run_goes_on_with_a_higher_cap(tmp_path: Path) -> None:
    ending, run, assembly = launch(tmp_path, loop={"hypotheses": 6}, caps={"experiments": 36})
    assert ending.status == "capped"
    assert drive(run, assembly=assembly) == ending  # without a higher cap it is over
    replace_caps(run, {"caps": {"experiments": 200}})
    again = drive(run, assembly=assembly)
    assert (again.status, again.reason) == ("finished", "6 hypotheses tested")
    done = read_facts(run, "experiment")
    assert len({fact["id"] for fact in done}) == len(done) > 36
    assert "caps changed: 36 experiments -> 200 experiments" in [fact["text"] for fact in read_facts(run, "note")]
    assert {bar.name: bar.cap for bar in list_budgets(folders.read_record(run))}["experiments"] == 200


def test_a_finished_run_tests_more_hypotheses_by_the_same_rules(tmp_path: Path) -> None:
    ending, run, assembly = launch(tmp_path, loop={"hypotheses": 2})
    assert ending.reason == "2 hypotheses tested"
    first = {fact["hypothesis"]: fact for fact in read_facts(run, "verdict")}["h1"]["effect"]
    replace_caps(run, {"loop": {"hypotheses": 4}})
    assert drive(run, assembly=assembly).reason == "4 hypotheses tested"
    assert {fact["hypothesis"]: fact for fact in read_facts(run, "verdict")}["h1"]["effect"] == first
    assert {fact["hypothesis"] for fact in read_facts(run, "lesson")} == {"h1", "h2", "h4", "h5"}


def test_a_run_that_was_interrupted_can_be_given_less(tmp_path: Path) -> None:
    assembly, stop = ScriptedAssembly(), threading.Event()
    run = create(tmp_path, str(write_task(tmp_path / "table")), make_settings(), tmp_path / "r", assembly)
    drive(run, lambda event: stop.set() if event.kind == "lesson" else None, stop, assembly)
    replace_caps(run, {"loop": {"hypotheses": 1}})
    assert drive(run, assembly=assembly).reason == "1 hypothesis tested"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hypotheses tested. Nothing may change it."""
    ending, run, _ = launch(tmp_path_factory.mktemp("project"), loop={"hypotheses": 2})
    assert ending.status == "finished"
    folder: Path = run
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"caps": {"experiments": 3}}, r"--max-experiments: 3 experiments is below what the run has spent, \d+ exp"),
        ({"caps": {"tokens": 1}}, "--max-tokens: 1 tokens is below what the run has spent"),
        ({"loop": {"hypotheses": 1}}, "--hypotheses: 1 hypotheses is below what the run has spent, 2 hypotheses"),
        ({"caps": {"seconds": 20.0 * -1}}, "command line: caps.seconds: Input should be greater than 0"),
        ({"caps": {"seconds": float("nan")}}, "command line: caps.seconds: Input should be a finite number"),
        ({"caps": {"seconds": 2.0}}, "2 s are too short for one hypothesis"),
    ],
)
def test_what_can_not_be_is_one_line_and_changes_nothing(finished: Path, changes: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        replace_caps(finished, changes)
    assert len(str(caught.value).splitlines()) == 1
    assert not read_facts(finished, "caps")


def test_caps_of_a_run_that_is_driven_stay_as_they_are(finished: Path) -> None:
    with hold_controller(finished), pytest.raises(BadInput, match="already drives this run"):
        replace_caps(finished, {"loop": {"hypotheses": 4}})
    assert not read_facts(finished, "caps")


def test_other_versions_are_said_at_resume_and_are_no_fault(tmp_path: Path) -> None:
    assembly, stop = ScriptedAssembly(), threading.Event()
    run = create(tmp_path, str(write_task(tmp_path / "table")), make_settings(), tmp_path / "r", assembly)
    drive(run, lambda event: stop.set() if event.kind == "lesson" else None, stop, assembly)
    description = json.loads((run / "run.json").read_text())
    assert {"python", "pelagos", "torch", "numpy", "scikit-learn"} <= set(description["versions"])
    description["versions"] |= {"numpy": "1.0", "torch": "0.1"}
    (run / "run.json").write_text(json.dumps(description))
    assert drive(run, assembly=assembly).status == "finished"
    notes = [fact["text"] for fact in read_facts(run, "note") if "other versions" in fact["text"]]
    assert len(notes) == 1
    assert notes[0].startswith("other versions than at the run's beginning, so its numbers may differ: numpy 1.0 -> ")
    assert len(read_facts(run, "versions")) == 1


def test_what_is_given_anew_is_told_though_the_command_is_killed_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path, str(write_task(tmp_path / "table")), make_settings(), tmp_path / "r", ScriptedAssembly())
    append = Ledger.append

    def kill_at_caps(ledger: Ledger, kind: str, key: str, payload: dict[str, Any]) -> Event:
        event = append(ledger, kind, key, payload)
        if kind == "caps":
            raise KeyboardInterrupt
        return event

    monkeypatch.setattr(Ledger, "append", kill_at_caps)
    with pytest.raises(KeyboardInterrupt):
        replace_caps(run, {"loop": {"hypotheses": 1}})
    assert any(fact["text"].startswith("caps changed: ") for fact in read_facts(run, "note"))
