"""Screening: what repeats the bank or, where that is asked for, the literature is thrown out, with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.nodes import screen as node
from agents.nodes.screen import screen
from agents.run import Run
from memory.bank.backfill import Origin, lesson_meta, make_entry
from pelagos.facts.ideas import Novelty
from pelagos.nouns import Hypothesis
from tests.agents.nodes.laboratory import make_lane, open_run


def record_idea(run: Run, id: str, title: str) -> Any:
    run.record(
        Hypothesis(id=id, title=title, statement=f"{title} at once.", rationale="r", refuted_by="n", target="a.py::f")
    )
    return make_lane(id, kept=False, fruitless=2)


def admit_known(run: Run, title: str, task: str = "numbers", **lesson: Any) -> str:
    """A hypothesis of another run, with its lesson."""
    hypothesis = Hypothesis(
        id="h1", title=title, statement=f"{title} at once.", rationale="r", refuted_by="n", target="a.py::f"
    )
    entry = make_entry(hypothesis, Origin("r0", task))
    run.bank.admit(entry, run.embedder.embed([entry.text])[0], 2.0)
    run.bank.add_lesson(
        entry.id, lesson_meta({"id": "l", "verdict": "refuted", "effect": -0.2, "failure": "", **lesson})
    )
    return entry.id


def read_last_note(run: Run) -> str:
    return str(run.ledger.events("note")[-1].payload["text"])


@pytest.fixture
def literature(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the literature is asked about; it has what is titled Known."""
    checked: list[str] = []

    def check_novelty(hypothesis: Hypothesis, run: Run) -> Any:
        checked.append(hypothesis.id)
        kind = "known" if hypothesis.title.startswith("Known") else "novel"
        return Novelty(kind=kind, reason=f"{kind}: as a paper says")  # type: ignore[arg-type]

    monkeypatch.setattr(node, "check_novelty", check_novelty)
    return checked


def test_what_is_new_is_kept_and_takes_its_place(tmp_path: Path, literature: list[str]) -> None:
    run = open_run(tmp_path, loop={"hypotheses": 1})
    assert screen(record_idea(run, "h1", "Wider layers"), run) == {"kept": True, "fruitless": 0}
    fact = run.ledger.find("screened", "h1")
    assert fact is not None
    assert (fact["hypothesis"], fact["kept"], fact["reason"], fact["tau"]) == (
        "h1",
        True,
        "independent",
        run.embedder.tau,
    )
    assert fact["novelty"] == "novel"
    assert run.bank.entry(run.origin.id("h1")) is not None
    assert not run.quota.take(0, "h2")
    assert read_last_note(run) == "h1 kept: Wider layers (independent)"


def test_a_dead_end_is_not_tried_again_and_the_literature_is_not_asked(tmp_path: Path, literature: list[str]) -> None:
    run = open_run(tmp_path, loop={"hypotheses": 1})
    other = admit_known(run, "Wider layers", failure="shape", effect=None)
    assert run.quota.take(0, "h1")
    assert screen(record_idea(run, "h1", "Wider layers"), run) == {"hypothesis": "", "fruitless": 3}
    fact = run.ledger.find("screened", "h1")
    assert fact is not None
    assert (fact["kept"], fact["nearest"]) == (False, other)
    assert fact["cosine"] == pytest.approx(1.0)
    assert literature == []
    assert read_last_note(run).startswith(f"h1 thrown out: Wider layers (repeats the dead end {other}")
    assert run.bank.entry(run.origin.id("h1")) is None
    assert run.quota.take(0, "h2")


def test_another_tasks_hypotheses_stand_in_nobodys_way(tmp_path: Path, literature: list[str]) -> None:
    run = open_run(tmp_path)
    admit_known(run, "Wider layers", task="other")
    assert screen(record_idea(run, "h1", "Wider layers"), run)["kept"]
    assert literature == ["h1"]


@pytest.mark.parametrize(("rule", "kept"), [("label", True), ("require", False)])
def test_what_the_literature_has_is_labelled_or_thrown_out(
    tmp_path: Path, literature: list[str], rule: str, kept: bool
) -> None:
    run = open_run(tmp_path, screen={"novelty": rule})
    update = screen(record_idea(run, "h1", "Known trick"), run)
    assert update == ({"kept": True, "fruitless": 0} if kept else {"hypothesis": "", "fruitless": 3})
    fact = run.ledger.find("screened", "h1")
    assert fact is not None
    assert (fact["kept"], fact["novelty"], fact["hypothesis"]) == (kept, "known", "h1")
    assert fact["reason"] == ("known: as a paper says; independent" if kept else "known: as a paper says")
    assert (run.bank.entry(run.origin.id("h1")) is not None) is kept


def test_the_settings_mark_holds_in_place_of_the_embedders(tmp_path: Path, literature: list[str]) -> None:
    run = open_run(tmp_path, screen={"tau": 0.0})
    admit_known(run, "Something else entirely")
    assert not screen(record_idea(run, "h1", "Wider layers"), run).get("kept", False)
    fact = run.ledger.find("screened", "h1")
    assert fact is not None and fact["tau"] == 0.0


def test_it_is_decided_once(tmp_path: Path, literature: list[str]) -> None:
    run = open_run(tmp_path)
    state = record_idea(run, "h1", "Wider layers")
    screen(state, run)
    assert screen(state, run) == {"kept": True, "fruitless": 0}
    assert literature == ["h1"]


def test_of_two_runs_that_think_of_the_same_at_once_one_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one admits it while the literature is asked."""
    run = open_run(tmp_path)

    def check_novelty(hypothesis: Hypothesis, run: Run) -> Any:
        admit_known(run, "Wider layers")
        return Novelty(kind="novel", reason="novel: nothing is near")

    monkeypatch.setattr(node, "check_novelty", check_novelty)
    assert screen(record_idea(run, "h1", "Wider layers"), run) == {"hypothesis": "", "fruitless": 3}
    fact = run.ledger.find("screened", "h1")
    assert fact is not None and fact["nearest"] == "r0/h1"
    assert (fact["novelty"], fact["kept"]) == ("novel", False)
