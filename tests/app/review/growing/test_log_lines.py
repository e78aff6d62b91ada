from __future__ import annotations

from contextlib import closing
from pathlib import Path

from app.record.folders import LEDGER
from app.review.growing.growing_record import GrowingRecord
from app.review.growing.log_lines import read_log
from memory.ledger.ledger import Ledger
from pelagos.facts.drive import Entered, Note


def read(folder: Path) -> GrowingRecord:
    growing = GrowingRecord(folder)
    growing.refresh()
    return growing


def test_lines_are_in_order_and_name_their_hypothesis(run_folder: Path) -> None:
    lines = read_log(read(run_folder))
    assert [line.seq for line in lines] == sorted(line.seq for line in lines)
    verdict = next(line for line in lines if line.kind == "verdict")
    assert (verdict.hypothesis, verdict.text) == ("h1", "Smooth labels: supported, effect +0.05")
    assert lines[-1].text.startswith("run ended: finished")


def test_only_the_newest_lines_are_read_and_only_between_the_given_rows(run_folder: Path) -> None:
    growing = read(run_folder)
    lines = read_log(growing)
    assert read_log(growing, most=3) == lines[-3:]
    assert read_log(growing, after=lines[4].seq) == lines[5:]
    assert read_log(growing, before=lines[4].seq) == lines[:4]


def test_a_node_is_described_by_its_own_row(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        ledger.record(Entered(node="build", hypothesis="h1"), "0/h1/build/1")
        ledger.record(Entered(node="judge", hypothesis="h2"), "0/h2/judge/1")
    assert [line.text for line in read_log(read(run_folder), most=2)] == ["building a version of h1", "judging h2"]


def test_rows_behind_the_record_are_left_for_later(run_folder: Path) -> None:
    growing = read(run_folder)
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        ledger.record(Note(text="later"), "later")
    assert read_log(growing)[-1].text != "later"
    growing.refresh()
    assert read_log(growing)[-1].text == "later"
