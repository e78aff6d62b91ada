"""A later run that tries the same program again goes on with what an earlier one measured, where all else is the
same."""

from __future__ import annotations

import shutil
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.setup.create import create
from app.report.build import collect_contents
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Event, Ledger
from tests.agents.lessons.test_memory import Stubborn
from tests.agents.scripted import IDEAS, ScriptedAssembly
from tests.agents.test_loop import make_settings, read_facts
from tests.toolchains.table import TableToolchain, write_task

PROMISING = [("c", "Quadratic term for c", "square"), *IDEAS]


@pytest.fixture(autouse=True)
def _promising(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.agents.scripted.IDEAS", PROMISING)


def run_in(project: Path, name: str, until: Any = None, **changes: Any) -> Path:
    assembly, stop = ScriptedAssembly(Stubborn()), threading.Event()
    loop = {"hypotheses": 1, "attempts": 8, **changes.pop("loop", {})}
    run = create(
        project,
        str(write_task(project / "table")),
        make_settings(loop=loop, **changes),
        project / "runs" / name,
        assembly,
    )

    def watch(event: Event) -> None:
        if until is not None and until(event):
            stop.set()

    drive(run, watch, stop, assembly)
    return run


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one run, stopped when its first hypothesis had three seeds."""
    project = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.agents.scripted.IDEAS", PROMISING)
        run_in(project, "first", lambda event: event.kind == "verdict", loop={"hypotheses": 5})
    return project


@pytest.fixture
def first(begun: Path, tmp_path: Path) -> Path:
    """That run in a project of the test's own."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    return tmp_path / "runs" / "first"


def verdict(run: Path) -> dict[str, Any]:
    return {fact["hypothesis"]: fact for fact in read_facts(run, "verdict")}["h1"]


def of_h1(run: Path) -> list[dict[str, Any]]:
    return [
        fact for fact in read_facts(run, "experiment") if fact["hypothesis"] == "h1" and fact["split"] == "validation"
    ]


def test_it_goes_on_where_the_other_ended_and_comes_to_the_same(first: Path, tmp_path: Path) -> None:
    assert verdict(first)["effect"]["seeds"] == 3
    second = run_in(tmp_path, "second")
    screened = read_facts(second, "screened")[0]
    assert (screened["kept"], screened["again"]) == (True, ["first/h1"])
    taken = [experiment for experiment in of_h1(second) if experiment["origin"]]
    assert (len(taken), len(of_h1(second))) == (3, 8)
    theirs = {f"first/{experiment['id']}": experiment["score"] for experiment in of_h1(first)}
    assert {experiment["origin"]: experiment["score"] for experiment in taken} == theirs
    store = ArtifactStore(second / "artifacts")
    assert all(store.get(experiment["replicates"]) and store.get(experiment["files"]["log"]) for experiment in taken)
    alone = run_in(tmp_path / "elsewhere", "whole", loop={"hypotheses": 5})
    names = ("kind", "effect")
    assert [verdict(second)[name] for name in names] == [verdict(alone)[name] for name in names]
    assert "taken over from first/" in html(second)


def html(run: Path) -> str:
    from app.report.build import write_report

    return write_report(run)[0].read_text()


def test_its_claim_is_tested_on_sealed_data_at_the_level_that_is_left(first: Path, tmp_path: Path) -> None:
    """What was selected in another run costs nothing: the claim rests on the sealed part."""
    assert first.is_dir()
    assert [fact["level"] for fact in read_facts(run_in(tmp_path, "second"), "claim")] == [0.05]


@pytest.mark.parametrize("what", ["versions", "evaluator", "version", "data"])
def test_where_anything_differs_it_is_simply_tried_again(
    first: Path, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if what == "data":
        monkeypatch.setattr("tests.toolchains.table._score", rescored(monkeypatch))
    else:
        other: dict[str, dict[str, Any]] = {
            "versions": {"numpy": "1.0"},
            "evaluator": {"digest": "x"},
            "version": {"id": "other", "hypothesis": None, "plan": None, "content": ""},
        }
        with closing(Ledger.open(first / "ledger.db")) as ledger:
            ledger.append(what, "validation", other[what])
    second = run_in(tmp_path, "second")
    assert read_facts(second, "screened")[0]["again"] == ["first/h1"]
    assert not read_facts(second, "adopted")
    assert {experiment["origin"] for experiment in of_h1(second)} == {""}


@pytest.mark.parametrize("used", [["mine.py"], []])
def test_another_tool_of_the_project_matters_only_where_the_program_uses_it(
    first: Path, tmp_path: Path, used: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TableToolchain, "extend", lambda self, task, tools: task, raising=False)
    monkeypatch.setattr(TableToolchain, "uses", lambda self, task, content, context: used, raising=False)
    (tmp_path / "mine.py").write_text("VALUE = 1\n")
    second = run_in(tmp_path, "second", tools=[Path("mine.py")])
    assert first.is_dir() and read_facts(second, "screened")[0]["again"] == ["first/h1"]
    assert len(read_facts(second, "adopted")) == (0 if used else 1)


def rescored(monkeypatch: pytest.MonkeyPatch) -> Any:
    from tests.toolchains import table

    score = table._score
    return lambda *arguments: score(*arguments) | {"data": "another draw"}


def test_a_run_that_is_gone_or_damaged_is_said_and_it_is_tried_again(first: Path, tmp_path: Path) -> None:
    (first / "ledger.db").unlink()
    second = run_in(tmp_path, "second")
    assert not read_facts(second, "adopted")
    assert any("what first/h1 measured can't be taken over" in fact["text"] for fact in read_facts(second, "note"))
    assert collect_contents(second)["state"] == "finished"


@pytest.mark.usefixtures("first")
def test_after_a_kill_what_was_taken_over_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agents.run import Run
    from pelagos.nouns import Experiment, Noun

    record, left = Run.record, [2]

    def dies(run: Run, noun: Noun) -> None:
        if isinstance(noun, Experiment):
            left[0] -= 1
            if left[0] < 0:
                raise RuntimeError("killed")
        record(run, noun)

    monkeypatch.setattr(Run, "record", dies)
    with pytest.raises(RuntimeError):
        run_in(tmp_path, "second")
    monkeypatch.setattr(Run, "record", record)
    assert drive(tmp_path / "runs" / "second", assembly=ScriptedAssembly(Stubborn())).status == "finished"
    assert [experiment["origin"] != "" for experiment in of_h1(tmp_path / "runs" / "second")] == [True] * 3 + [
        False
    ] * 5
