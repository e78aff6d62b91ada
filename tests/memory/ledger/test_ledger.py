"""The ledger keeps each fact once, refuses changes, and reports a full disk."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from memory.ledger.ledger import Event, Ledger
from pelagos.errors import BadInput, DiskFull
from pelagos.facts.drive import Note
from pelagos.nouns import Version


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "ledger.sqlite")


def test_a_fact_is_recorded_once_and_survives(ledger: Ledger) -> None:
    first = ledger.append("model", "k", {"text": "ünï\ud800", "n": 1})
    assert ledger.append("model", "k", {"text": "other"}) == first
    ledger.close()
    again = Ledger.open(ledger.path)
    assert again.find("model", "k") == {"text": "ünï\ufffd", "n": 1}
    assert again.damage == ""
    assert again.events() == [first]


def test_records_are_written_and_read_by_their_kind(ledger: Ledger) -> None:
    first = ledger.record(Note(text="one"), "k")
    assert ledger.record(Note(text="another"), "k") == first == ledger.fact(Note, "k")
    version = ledger.record(Version(id="v", hypothesis=None, plan=None, content="c"), "v")
    ledger.record(Note(text="two"), "l")
    assert ledger.facts(Note) == {"k": Note(text="one"), "l": Note(text="two")}
    assert ledger.facts(Note, after=2) == {"l": Note(text="two")}
    assert ledger.facts(Version) == {"v": version}
    assert ledger.fact(Version, "k") is None
    assert [(event.kind, event.payload) for event in ledger.events("note")] == [
        ("note", {"text": "one"}),
        ("note", {"text": "two"}),
    ]


def test_a_record_of_another_version_is_one_line(ledger: Ledger) -> None:
    ledger.append("version", "v", {"id": "v"})
    for ask in (lambda: ledger.fact(Version, "v"), lambda: ledger.facts(Version)):
        with pytest.raises(BadInput, match=r"event 1 \(version\): hypothesis: field required; another version") as told:
            ask()
        assert "\n" not in str(told.value)


def test_intents_repeat_and_are_not_facts(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.intend("model", "k", {})
    assert ledger.find("model", "k") is None
    assert [event.kind for event in ledger.events()] == ["model.intent"] * 3


def test_events_by_kind_and_after(ledger: Ledger) -> None:
    for number in range(6):
        ledger.append("even" if number % 2 == 0 else "odd", str(number), {"n": number})
    assert [event.payload["n"] for event in ledger.events("odd")] == [1, 3, 5]
    assert [event.seq for event in ledger.events(after=4)] == [5, 6]


def test_watchers_see_new_events_only(ledger: Ledger) -> None:
    seen: list[Event] = []
    ledger.watch(seen.append)
    ledger.append("a", "1", {})
    ledger.append("a", "1", {})
    ledger.intend("a", "2", {})
    assert [(event.kind, event.key) for event in seen] == [("a", "1"), ("a.intent", "2")]


@pytest.mark.parametrize("statement", ["UPDATE events SET payload = '{}'", "DELETE FROM events"])
def test_changes_are_refused(ledger: Ledger, statement: str) -> None:
    ledger.append("a", "1", {"n": 1})
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        ledger._connection.execute(statement)
    assert ledger.find("a", "1") == {"n": 1}


def test_nan_is_refused_and_nothing_written(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="JSON"):
        ledger.append("a", "1", {"score": float("nan")})
    assert ledger.events() == []


def test_two_openers_append_one_chain(ledger: Ledger) -> None:
    other = Ledger.open(ledger.path)

    def write(which: Ledger, name: str) -> None:
        for number in range(30):
            which.append("shared", str(number), {"by": name})
            which.append(name, str(number), {})

    threads = [threading.Thread(target=write, args=pair) for pair in ((ledger, "a"), (other, "b"), (ledger, "c"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    ledger.close()
    again = Ledger.open(ledger.path)
    assert again.damage == ""
    assert len(again.events()) == 120
    assert len(again.events("shared")) == 30


def test_a_reader_follows_a_writer_and_cannot_write(ledger: Ledger) -> None:
    reader = Ledger.read(ledger.path)
    ledger.append("a", "1", {"n": 1})
    assert reader.find("a", "1") == {"n": 1}
    assert not hasattr(reader, "append")


def test_reading_nothing_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no ledger here"):
        Ledger.read(tmp_path / "none")


def test_a_full_disk_is_said_and_loses_nothing(ledger: Ledger) -> None:
    ledger.append("a", "kept", {})
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DiskFull, match="disk"):
        ledger.append("a", "big", {"text": "x" * 1_000_000})
    ledger.close()
    again = Ledger.open(ledger.path)
    assert again.damage == ""
    assert [event.key for event in again.events()] == ["kept"]
    again.append("a", "more", {})


@pytest.mark.parametrize("name", ["a#b", "a?mode=memory", "a%41b", "a & b", "'a' \"b\"", "ünï 海", "a;b:c", "b\udcff"])
def test_a_ledger_lies_where_its_path_says(name: str, tmp_path: Path) -> None:
    path = tmp_path / name / "ledger.db"
    ledger = Ledger.open(path)
    event = ledger.append("model", "k", {})
    reader = Ledger.read(path)
    assert reader.events() == [event]
    reader.close()
    ledger.close()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert path.stat().st_size > 0


def test_who_reads_waits_for_no_writer(tmp_path: Path) -> None:
    """Reading took the write lock, so it waited for whoever wrote, and kept others from writing."""
    ledger = Ledger.open(tmp_path / "ledger.db")
    ledger.append("a", "b", {"n": 1})
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert ledger.find("a", "b") == {"n": 1}
        assert (ledger.last_seq(), ledger.position().seq, len(ledger.events("a"))) == (1, 1, 1)
        other.execute("ROLLBACK")
    ledger.close()
