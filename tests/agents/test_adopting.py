"""A later run that tries the same program again goes on with what an earlier one measured, where all else is the same."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import create, drive
from app.report.build import contents
from memory.artifacts import ArtifactStore
from memory.ledger import Event, Ledger
from tests.agents.scripted import IDEAS, ScriptedParts
from tests.agents.test_loop import facts, settings
from tests.agents.test_memory import Stubborn
from tests.toolchains.table import write_task

PROMISING = [("c", "Quadratic term for c", "square"), *IDEAS]  # undecided after 3 seeds, supported after 5


@pytest.fixture(autouse=True)
def _promising(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.agents.scripted.IDEAS", PROMISING)


def run_in(project: Path, name: str, until: Any = None, **changes: Any) -> Path:
    parts, stop = ScriptedParts(Stubborn()), threading.Event()
    loop = {"hypotheses": 1, "attempts": 8, **changes.pop("loop", {})}
    run = create(
        project, str(write_task(project / "table")), settings(loop=loop, **changes), project / "runs" / name, parts
    )

    def watch(event: Event) -> None:
        if until is not None and until(event):
            stop.set()

    drive(run, watch, stop, parts)
    return run


def first_of(project: Path) -> Path:
    """Stopped when its first hypothesis had three seeds."""
    return run_in(project, "first", lambda event: event.kind == "verdict", loop={"hypotheses": 5})


def verdict(run: Path) -> dict[str, Any]:
    return {fact["hypothesis"]: fact for fact in facts(run, "verdict")}["h1"]


def of_h1(run: Path) -> list[dict[str, Any]]:
    return [fact for fact in facts(run, "experiment") if fact["hypothesis"] == "h1" and fact["split"] == "validation"]


def test_it_goes_on_where_the_other_ended_and_comes_to_the_same(tmp_path: Path) -> None:
    first = first_of(tmp_path)
    assert (verdict(first)["kind"], verdict(first)["seeds"]) == ("undecided", 3)
    second = run_in(tmp_path, "second")
    screened = facts(second, "screened")[0]
    assert (screened["kept"], screened["again"]) == (True, ["first/h1"])
    taken = [one for one in of_h1(second) if one["origin"]]
    assert (len(taken), len(of_h1(second))) == (3, 5)
    theirs = {f"first/{one['id']}": one["score"] for one in of_h1(first)}
    assert {one["origin"]: one["score"] for one in taken} == theirs
    store = ArtifactStore(second / "artifacts")
    assert all(store.get(one["replicates"]) and store.get(one["files"]["log"]) for one in taken)
    alone = run_in(tmp_path / "elsewhere", "whole", loop={"hypotheses": 5})
    names = ("kind", "effect", "low", "high", "e_value", "seeds")
    assert [verdict(second)[name] for name in names] == [verdict(alone)[name] for name in names]
    assert verdict(second)["reason"] == "better at level 0.1 over all hypotheses of run first, where its test began"
    assert "taken over from first/" in html(second)


def html(run: Path) -> str:
    from app.report.build import write

    return write(run)[0].read_text()


def test_more_seeds_than_were_planned_are_not_bought_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be chosen after its result was seen."""
    monkeypatch.setattr("tests.agents.scripted.IDEAS", [("d", "Is the last column useless?", "drop"), *IDEAS])
    first = run_in(tmp_path, "first", judge={"max_seeds": 3})
    assert verdict(first)["kind"] == "undecided"
    second = run_in(tmp_path, "second")
    assert [one["origin"] != "" for one in of_h1(second)] == [True] * 3
    assert (verdict(second)["kind"], verdict(second)["e_value"]) == ("undecided", verdict(first)["e_value"])
    third = run_in(tmp_path, "third")
    assert facts(third, "adopted")[0]["run"] == "first"
    assert {one["origin"].partition("/")[0] for one in of_h1(third)} == {"first"}


@pytest.mark.parametrize("what", ["versions", "evaluator", "version", "data"])
def test_where_anything_differs_it_is_simply_tried_again(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = first_of(tmp_path)
    if what == "data":
        monkeypatch.setattr("tests.toolchains.table._score", rescored(monkeypatch))
    else:
        other: dict[str, dict[str, Any]] = {
            "versions": {"numpy": "1.0"},
            "evaluator": {"digest": "x"},
            "version": {"hypothesis": None, "content": ""},
        }
        with closing(Ledger.open(first / "ledger.db")) as ledger:
            ledger.append(what, "validation", other[what])
    second = run_in(tmp_path, "second")
    assert facts(second, "screened")[0]["again"] == ["first/h1"]
    assert not facts(second, "adopted")
    assert {one["origin"] for one in of_h1(second)} == {""}
    assert verdict(second)["reason"] == "better at level 0.1 over all hypotheses of the run"


def rescored(monkeypatch: pytest.MonkeyPatch) -> Any:
    from tests.toolchains import table

    score = table._score
    return lambda *told: score(*told) | {"data": "another draw"}


def test_a_run_that_is_gone_or_damaged_is_said_and_it_is_tried_again(tmp_path: Path) -> None:
    first = first_of(tmp_path)
    (first / "ledger.db").unlink()
    second = run_in(tmp_path, "second")
    assert not facts(second, "adopted")
    assert any("what first/h1 measured can't be taken over" in fact["text"] for fact in facts(second, "note"))
    assert contents(second)["state"] == "finished"


def test_after_a_kill_what_was_taken_over_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agents.run import Run
    from pelagos.nouns import Experiment, Noun

    first_of(tmp_path)
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
    assert drive(tmp_path / "runs" / "second", parts=ScriptedParts(Stubborn())).status == "finished"
    assert [one["origin"] != "" for one in of_h1(tmp_path / "runs" / "second")] == [True] * 3 + [False] * 2
