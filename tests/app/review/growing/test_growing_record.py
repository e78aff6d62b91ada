from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from app.live.board import list_rows
from app.record.folders import LEDGER, read_record
from app.review.growing.growing_record import GrowingRecord
from app.review.growing.packed_event import PackedEvent
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.facts.drive import Entered, Note
from tests.app.review.long_run import write_long_run


def append_notes(folder: Path, *texts: str) -> None:
    with closing(Ledger.open(folder / LEDGER)) as ledger:
        for text in texts:
            ledger.record(Note(text=text), text)


def test_it_says_what_the_whole_ledger_says(run_folder: Path) -> None:
    growing, whole = GrowingRecord(run_folder), read_record(run_folder)
    assert growing.refresh()
    record = growing.record
    assert dict(record.hypotheses) == dict(whole.hypotheses)
    assert dict(record.verdicts) == dict(whole.verdicts)
    assert record.spent == whole.spent
    assert [row.row for row in growing.list_rows()] == list_rows(whole)


def test_a_long_run_says_what_its_whole_ledger_says(tmp_path: Path) -> None:
    folder = write_long_run(tmp_path / "run", 40)
    growing, whole = GrowingRecord(folder), read_record(folder)
    growing.refresh()
    assert growing.record.spent == whole.spent
    assert growing.record.calls == whole.calls
    assert growing.record.pending == whole.pending
    assert [row.row for row in growing.list_rows()] == list_rows(whole)


def test_only_rows_that_are_new_are_read(run_folder: Path) -> None:
    growing = GrowingRecord(run_folder)
    growing.refresh()
    before = growing.rows_read
    assert not growing.refresh()
    assert growing.rows_read == before
    append_notes(run_folder, "one", "two")
    assert growing.refresh()
    assert growing.rows_read == before + 2
    assert [text for _, text in growing.record.notes] == ["one", "two"]


def test_a_row_that_changes_neither_size_nor_time_stamp_of_the_files_is_not_missed(run_folder: Path) -> None:
    growing, stamp = GrowingRecord(run_folder), time.time_ns() + 10**10  # newer than now: as if written just now
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        for number in range(20):
            ledger.record(Note(text="long " * 500), f"long{number}")
        with closing(sqlite3.connect(run_folder / LEDGER)) as connection:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")  # the next rows are written over the old ones
        for text in ("one", "two", "three"):
            ledger.record(Note(text=text), text)
            for file in run_folder.glob(f"{LEDGER}*"):
                os.utime(file, ns=(stamp, stamp))
            growing.refresh()
            assert growing.record.notes[-1][1] == text


def test_a_ledger_that_was_repaired_to_fewer_rows_is_read_anew(tmp_path: Path) -> None:
    folder = write_long_run(tmp_path / "run", 12)
    growing = GrowingRecord(folder)
    growing.refresh()
    assert len(growing.list_rows()) == 12
    shutil.rmtree(folder)
    write_long_run(folder, 3)
    assert growing.refresh()
    assert len(growing.list_rows()) == 3


def test_a_row_is_made_anew_when_something_of_its_hypothesis_is_new(tmp_path: Path) -> None:
    folder = write_long_run(tmp_path / "run", 3)
    growing = GrowingRecord(folder)
    growing.refresh()
    first, last = growing.list_rows()[0], growing.list_rows()[-1]
    assert (first.group, last.group) == ("refuted", "in work")
    with closing(Ledger.open(folder / LEDGER)) as ledger:
        verdict = {"id": "x", "hypothesis": "h3", "kind": "undecided", "effect": {"value": 0.2, "seeds": 3}}
        ledger.append("verdict", "x", verdict)
    growing.refresh()
    assert growing.list_rows()[0] is first
    assert growing.list_rows()[-1].group == "undecided"


def test_a_row_of_a_newer_version_is_named_each_time(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        ledger.append("hypothesis", "h9", {"statement": "it has no id"})
    growing = GrowingRecord(run_folder)
    for _ in range(2):
        with pytest.raises(BadInput, match="another version of Pelagos wrote it"):
            growing.refresh()


def test_lanes_stand_where_their_newest_node_is(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        ledger.record(Entered(node="survey"), "survey/1")
        for key, node, hypothesis in [("0/h1/build/1", "build", "h1"), ("1/h2/gate/1", "gate", "h2")]:
            ledger.record(Entered(node=node, hypothesis=hypothesis), key)
    growing = GrowingRecord(run_folder)
    growing.refresh()
    assert growing.lanes.standing == {0: ("build", "h1"), 1: ("review", "h2")}
    assert growing.lanes.run_node == ""
    assert (growing.find_row("h2").lane, growing.find_row("h2").round) == (1, 1)  # type: ignore[union-attr]


def test_a_payload_stays_text_until_it_is_read() -> None:
    event = PackedEvent(1, 0.0, "note", "k", '{"text": "a"}')
    assert event.unpack() is event.payload
    event.pack()
    assert event.payload == {"text": "a"}
    assert event.payload is not event.payload
