"""Sums in place of rows: what they leave out, and that they come to the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memory.ledger.condensed import SUMS, CondensedLedger
from memory.ledger.ledger import Event, Ledger

KINDS = ("verdict",)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def looked(ledger: Ledger) -> list[Event]:
    with ledger.reading() as connection:
        return CondensedLedger(connection, KINDS).events()


def spent(ledger: Ledger) -> dict[str, float]:
    with ledger.reading() as connection:
        return CondensedLedger(connection, KINDS).total_cost()


def cost(tokens: int = 0, usd: float | None = 0.0, experiments: int = 0) -> dict[str, Any]:
    return {"cost": {"tokens": tokens, "usd": usd, "experiments": experiments, "disk_mb": 0.5}}


def hypothesis(ledger: Ledger, id: str, kept: bool = True, ended: bool = True) -> None:
    ledger.append("hypothesis", id, {"id": id})
    ledger.append("screened", id, {"hypothesis": id, "kept": kept})
    if not kept:
        return
    ledger.append("model", f"m-{id}", {"spec": "s", "role": "coder", "hypothesis": id, **cost(10, 0.25)})
    tries = [{"cause": "syntax"}, {"cause": "ok"}]
    ledger.append("build", f"b-{id}", {"hypothesis": id, "tries": tries})
    told = {"isolation": "bwrap", "outcome": "ok", "cause": "", "split": "validation", "score": 0.5, "hypothesis": id}
    ledger.append("experiment", f"e-{id}", {**told, **cost(experiments=1)})
    ledger.append("verdict", f"v-{id}", {"hypothesis": id})
    if ended:
        ledger.append("lesson", f"l-{id}", {"hypothesis": id})


def test_without_two_rows_of_the_clock_every_row_counts(ledger: Ledger) -> None:
    hypothesis(ledger, "h1")
    assert [event.seq for event in looked(ledger)] == list(range(1, 8))


def run_of(ledger: Ledger, *ids: str) -> None:
    ledger.intend("clock", "session", {"began": 1.0})
    for id in ids:
        hypothesis(ledger, id, kept=id != "dropped")
    ledger.intend("clock", "session", {"began": 2.0, "lived": 1.0})


def test_what_ended_is_summed_and_what_is_in_work_is_there(ledger: Ledger) -> None:
    run_of(ledger, "h1", "dropped", "h2")
    before = ledger.last_seq()
    hypothesis(ledger, "h3", ended=False)
    sums, *rows = looked(ledger)
    assert (sums.seq, sums.kind, sums.at) == (0, SUMS, ledger.events()[0].at)
    assert sums.payload == {
        "proposed": ["h1", "dropped", "h2"],
        "kept": ["h1", "h2"],
        "executed": ["h1", "h2"],
        "experiments": [("bwrap", "ok", "", 0, 1), ("bwrap", "ok", "", 0, 1)],
        "tries": [("ok", 2), ("syntax", 2)],
        "calls": [("s", "coder", 1, 2)],
        "cost": {"tokens": 20.0, "usd": 0.5, "unpriced": 0.0, "experiments": 2.0, "disk_mb": 2.0},
    }
    shown = [(event.kind, event.key) for event in rows if event.kind not in ("stamp", "clock.intent")]
    assert shown[:2] == [("verdict", "v-h1"), ("verdict", "v-h2")]  # kinds of which every row counts
    assert [event.seq for event in rows if event.seq > before] == list(range(before + 1, ledger.last_seq() + 1))
    assert [kind for kind, _ in shown[2:]] == ["hypothesis", "screened", "model", "build", "experiment", "verdict"]


def test_where_nothing_is_in_work_what_came_behind_the_clocks_last_row_counts(ledger: Ledger) -> None:
    run_of(ledger, "h1")
    ledger.append("thing", "late", {"n": 1})
    rows = looked(ledger)
    assert [(event.kind, event.key, event.payload) for event in rows if event.kind == "thing"] == [
        ("thing", "late", {"n": 1})
    ]
    assert not [event for event in rows if event.kind in ("hypothesis", "lesson")]


def test_what_is_begun_and_not_ended_is_there(ledger: Ledger) -> None:
    run_of(ledger, "h1")
    ledger.intend("model", "open", {"role": "coder"})
    ledger.append("thing", "behind", {})
    ledger.intend("clock", "session", {"began": 3.0, "lived": 1.0})
    kinds = [event.kind for event in looked(ledger)]
    assert "model.intent" in kinds and "thing" in kinds
    ledger.append("model", "open", cost())
    ledger.append("node", "n", {"node": "ideate"})
    assert "model.intent" not in [event.kind for event in looked(ledger)]


def test_what_an_earlier_version_wrote_is_not_summed(ledger: Ledger) -> None:
    run_of(ledger, "h1")
    ledger.append("experiment", "old", {"split": "validation", "cost": [1, 0.0, 1, 0.0]})
    ledger.append("node", "n", {"node": "ideate"})
    assert [event.seq for event in looked(ledger)] == list(range(1, ledger.last_seq() + 1))


def test_what_was_spent_is_every_steps_cost(ledger: Ledger) -> None:
    assert spent(ledger) == {"tokens": 0.0, "usd": 0.0, "unpriced": 0.0, "experiments": 0.0, "disk_mb": 0.0}
    ledger.append("model", "a", cost(10, None))
    ledger.append("lost", "b", cost(5, 0.5))
    ledger.append("experiment", "c", cost(experiments=1))
    ledger.intend("model", "d", cost(1000, 9.0))
    ledger.append("note", "e", cost(1000, 9.0))  # no step makes it
    assert spent(ledger) == {"tokens": 15.0, "usd": 0.5, "unpriced": 1.0, "experiments": 1.0, "disk_mb": 1.5}


def test_details_and_facts_of_those_that_are_asked_for(ledger: Ledger) -> None:
    run_of(ledger, "h1", "h2")
    ledger.append("version", "v0", {"id": "v0", "hypothesis": None})
    ledger.append("signature", "v9", {"id": "v9", "hypothesis": "h2"})
    with ledger.reading() as connection:
        condensed = CondensedLedger(connection, KINDS)
        found = [(event.kind, event.key) for event in condensed.details(["h1"])]
        facts = [event.key for event in condensed.facts("verdict", ["v-h2", "none"])]
    assert found == [
        ("hypothesis", "h1"), ("screened", "h1"), ("build", "b-h1"), ("experiment", "e-h1"), ("lesson", "l-h1"), ("version", "v0"),
    ]  # fmt: skip
    assert facts == ["v-h2"]


def test_of_notes_the_newest_are_there_and_of_large_rows_their_stamp_alone(ledger: Ledger) -> None:
    ledger.intend("clock", "session", {"began": 1.0})
    for number in range(50):
        ledger.append("note", str(number), {"text": str(number)})
    ledger.append("vector", "x", {"float32": "long"})
    ledger.intend("clock", "session", {"began": 2.0, "lived": 1.0})
    ledger.append("vector", "y", {"float32": "long"})
    rows = looked(ledger)
    assert [event.payload["text"] for event in rows if event.kind == "note"] == [
        str(number) for number in range(10, 50)
    ]
    assert [(event.key, event.payload) for event in rows if event.kind == "vector"] == [("y", {})]
