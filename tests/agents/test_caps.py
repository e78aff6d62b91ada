"""A run goes on with caps that are given anew; one that can't be kept, or is spent already, is refused in one line."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from agents.caps import give_anew
from agents.launch import create, drive
from app import folders
from app.board import bars
from memory.controller import hold_controller
from pelagos.errors import BadInput
from tests.agents.scripted import ScriptedParts
from tests.agents.test_loop import facts, launched, settings
from tests.toolchains.table import write_task


def test_a_capped_run_goes_on_with_a_higher_cap(tmp_path: Path) -> None:
    ending, run, parts = launched(tmp_path, loop={"hypotheses": 6}, caps={"experiments": 36})
    assert ending.status == "capped"
    assert drive(run, parts=parts) == ending  # without a higher cap it is over
    give_anew(run, {"caps": {"experiments": 200}})
    again = drive(run, parts=parts)
    assert (again.status, again.reason) == ("finished", "6 hypotheses tested")
    done = facts(run, "experiment")
    assert len({fact["id"] for fact in done}) == len(done) > 36
    assert "caps given anew: 36 experiments -> 200 experiments" in [fact["text"] for fact in facts(run, "note")]
    assert {bar.name: bar.cap for bar in bars(folders.read(run))}["experiments"] == 200


def test_a_finished_run_tests_more_hypotheses_by_the_same_rules(tmp_path: Path) -> None:
    ending, run, parts = launched(tmp_path, loop={"hypotheses": 2})
    assert ending.reason == "2 hypotheses tested"
    first = {fact["hypothesis"]: fact for fact in facts(run, "verdict")}["h1"]["e_value"]
    give_anew(run, {"loop": {"hypotheses": 4}})
    assert drive(run, parts=parts).reason == "4 hypotheses tested"
    assert {fact["hypothesis"]: fact for fact in facts(run, "verdict")}["h1"]["e_value"] == first
    assert {fact["hypothesis"] for fact in facts(run, "lesson")} == {"h1", "h2", "h4", "h5"}


def test_a_run_that_was_interrupted_can_be_given_less(tmp_path: Path) -> None:
    parts, stop = ScriptedParts(), threading.Event()
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings(), tmp_path / "r", parts)
    drive(run, lambda event: stop.set() if event.kind == "lesson" else None, stop, parts)
    give_anew(run, {"loop": {"hypotheses": 1}})
    assert drive(run, parts=parts).reason == "1 hypothesis tested"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"caps": {"experiments": 3}}, r"--max-experiments: 3 experiments is below what the run has spent, \d+ exp"),
        ({"caps": {"tokens": 1}}, "--max-tokens: 1 tokens is below what the run has spent"),
        ({"loop": {"hypotheses": 1}}, "--hypotheses: 1 hypotheses is below what the run has spent, 2 hypotheses"),
        ({"caps": {"seconds": 20.0 * -1}}, "command line: caps.seconds: Input should be greater than 0"),
        ({"caps": {"seconds": float("nan")}}, "command line: caps.seconds: Input should be a finite number"),
        ({"caps": {"seconds": 2.0}}, "2 s are too short for one hypothesis"),
    ],
)
def test_what_can_not_be_is_one_line_and_changes_nothing(tmp_path: Path, given: Any, said: str) -> None:
    _, run, _ = launched(tmp_path, loop={"hypotheses": 2})
    with pytest.raises(BadInput, match=said) as caught:
        give_anew(run, given)
    assert len(str(caught.value).splitlines()) == 1
    assert not facts(run, "caps")


def test_caps_of_a_run_that_is_driven_stay_as_they_are(tmp_path: Path) -> None:
    _, run, _ = launched(tmp_path, loop={"hypotheses": 1})
    with hold_controller(run), pytest.raises(BadInput, match="already drives this run"):
        give_anew(run, {"loop": {"hypotheses": 4}})


def test_other_versions_are_said_at_resume_and_are_no_fault(tmp_path: Path) -> None:
    parts, stop = ScriptedParts(), threading.Event()
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings(), tmp_path / "r", parts)
    drive(run, lambda event: stop.set() if event.kind == "lesson" else None, stop, parts)
    described = json.loads((run / "run.json").read_text())
    assert {"python", "pelagos", "torch", "numpy", "scikit-learn"} <= set(described["versions"])
    described["versions"] |= {"numpy": "1.0", "torch": "0.1"}
    (run / "run.json").write_text(json.dumps(described))
    assert drive(run, parts=parts).status == "finished"
    said = [fact["text"] for fact in facts(run, "note") if "other versions" in fact["text"]]
    assert len(said) == 1
    assert said[0].startswith("other versions than at the run's beginning, so its numbers may differ: numpy 1.0 -> ")
    assert len(facts(run, "versions")) == 1
