"""A version that somebody else wrote goes through the ordinary graph: no model, no second hypothesis, resumable."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.submissions.create import create_judgement
from agents.submissions.idea_text import parse_idea
from memory.ledger.ledger import Event, Ledger
from pelagos.errors import BadInput
from pelagos.facts.calls import Call
from pelagos.facts.drive import Ending
from pelagos.facts.ideas import Screened, Submission
from pelagos.nouns import Audit, Claim, Experiment, Hypothesis, Lesson, Verdict, VerdictKind
from tests.agents.scripted import Scripted, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task
from tools import registry

IDEA = parse_idea("Square of a. Add the square of column a.")


class Unasked(Scripted):
    """A model that is not to be asked anything."""

    strong = False

    def complete(self, *args: object) -> Any:
        raise AssertionError("a model was asked")


def hand_in(folder: Path, tool: str = "square", column: str = "a", confirm: bool = False, run: str = "r") -> Path:
    registry.SHIPPED["accepting"] = "tests.agents.submissions.accepting:AcceptingToolchain"
    task = write_task(folder / "table", toolchain="accepting")
    program = folder / "calls.json"
    program.write_text(json.dumps([{"tool": tool, "arguments": {"column": column}}]))
    settings = make_short_settings(5)
    return create_judgement(
        folder, str(task), program, settings, IDEA, confirm, folder / "runs" / run, ScriptedAssembly(Unasked())
    )


def drive_run(folder: Path, stop_at: str = "") -> Ending:
    stop = threading.Event()

    def watch(event: Event) -> None:
        if event.kind == stop_at and event.payload.get("hypothesis"):
            stop.set()

    return drive(folder, watch, stop, ScriptedAssembly(Unasked()))


def read_facts(folder: Path, kind: type[Any]) -> list[Any]:
    with closing(Ledger.read(folder / "ledger.db")) as ledger:
        return list(ledger.facts(kind).values())


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped after its version's first experiment, and resumed."""
    folder = hand_in(tmp_path_factory.mktemp("judged"))
    assert drive_run(folder, stop_at="experiment").status == "interrupted"
    assert not read_facts(folder, Verdict)
    assert drive_run(folder).status == "finished"
    return folder


def test_a_better_version_is_promising_audited_and_left_at_that(judged: Path) -> None:
    (hypothesis,) = read_facts(judged, Hypothesis)
    assert (hypothesis.title, hypothesis.target) == ("Square of a", "a")
    assert hypothesis.statement == "Add the square of column a. (program abc)"
    assert read_facts(judged, Verdict)[-1].kind is VerdictKind.PROMISING
    assert [audit.findings for audit in read_facts(judged, Audit)] == [[]]
    assert {experiment.split for experiment in read_facts(judged, Experiment)} == {"validation"}
    assert not read_facts(judged, Claim)
    assert len(read_facts(judged, Lesson)) == 1
    assert not read_facts(judged, Call)


def test_a_confirmed_one_takes_over_what_was_measured_and_is_tested_on_sealed_data(judged: Path) -> None:
    folder = hand_in(judged.parents[1], confirm=True, run="again")
    assert drive_run(folder).status == "finished"
    assert "tries r/h1 again, which is promising" in read_facts(folder, Screened)[0].reason
    (claim,) = read_facts(folder, Claim)
    assert claim.held
    assert read_facts(folder, Verdict)[-1].kind is VerdictKind.SUPPORTED
    assert any(experiment.origin for experiment in read_facts(folder, Experiment))
    third = hand_in(judged.parents[1], run="third")
    assert drive_run(third).reason == "the version that was handed in was judged before"
    assert not read_facts(third, Verdict)


def test_an_oracle_is_suspect_though_sealed_data_stay_sealed(tmp_path: Path) -> None:
    folder = hand_in(tmp_path, "oracle")
    assert [submission.title for submission in read_facts(folder, Submission)] == ["Square of a"]  # before any drive
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["r"]
    drive_run(folder)
    verdict = read_facts(folder, Verdict)[-1]
    assert verdict.kind is VerdictKind.UNDECIDED
    assert verdict.suspect


def test_nothing_is_written_where_nothing_can_be_judged(tmp_path: Path) -> None:
    plain = write_task(tmp_path / "plain")
    with pytest.raises(BadInput, match="takes no program from outside"):
        create_judgement(tmp_path, str(plain), tmp_path, make_short_settings(), assembly=ScriptedAssembly())
    with pytest.raises(BadInput, match="idea: is empty"):
        parse_idea("  ")
    assert not (tmp_path / "runs").exists()
