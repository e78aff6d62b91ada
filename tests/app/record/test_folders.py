"""A glance at a run says what the whole ledger says, at every moment of the run, though it leaves most of it out."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.setup.create import create
from app.live.board import list_rows
from app.record import folders, summaries
from app.record.record import Record
from app.report.build import write_report
from memory.ledger import repair
from memory.ledger.keys import canonical
from memory.ledger.rows import GENESIS, Row, chain_value, connect, scan_rows
from tests.agents.scripted import Inventive, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task

NEWEST, BEST = 1, 1
SPAN = 20  # rows of the ledger between two of its clock
Fact = tuple[float, str, str, str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six hypotheses, two at a time, whose clock is recorded as often as in one that takes hours."""
    folder = tmp_path_factory.mktemp("project")
    run = folder / "runs/r"
    assembly = ScriptedAssembly(Inventive())
    create(
        folder, str(write_task(folder / "table")), make_short_settings(6, lanes=2, screen={"tau": 0.999}), run, assembly
    )
    assert drive(run, assembly=assembly).status == "finished"
    facts = list(add_clock_rows((row.at, row.kind, row.key, row.payload) for row in read_rows(run / "ledger.db")))
    (run / "ledger.db").unlink()
    repair.write_ledger(run / "ledger.db", chain_rows(facts))
    return run


def read_rows(ledger: Path) -> list[Row]:
    with closing(connect(ledger, read_only=True)) as connection:
        return list(scan_rows(connection))


def add_clock_rows(facts: Iterable[Fact]) -> Iterable[Fact]:
    began = 0.0
    for index, fact in enumerate(facts):
        yield fact
        if index and index % SPAN == 0:
            yield make_clock_row(fact[0], lived=fact[0] - began)
        if index % SPAN == 0:
            began = fact[0]


def make_clock_row(at: float, **lived: float) -> Fact:
    return at, "clock.intent", "session", canonical({"began": at, **lived})


def chain_rows(facts: Iterable[Fact]) -> list[Row]:
    rows, previous = list[Row](), GENESIS
    for number, fact in enumerate(facts, 1):
        previous = chain_value(previous, number, *fact)
        rows.append(Row(number, *fact, previous))
    return rows


def summarize(record: Record, folder: Path) -> dict[str, Any]:
    """What status says of a record, but the hypotheses that a glance leaves out."""
    status = summaries.summarize_status(folder, record, *folders.find_state(folder, record))
    status["hypotheses"] = [dataclasses.asdict(row) for row in list_rows(record, NEWEST, BEST)]
    status["budget"] = [dataclasses.asdict(bar) | {"spent": pytest.approx(bar.spent)} for bar in status["budget"]]
    status["next_verdict"] = re.sub(r"\d+", "N", status["next_verdict"])
    counted = (
        record.calls,
        record.failures,
        record.isolations,
        record.seal_touches,
        record.list_waiting(),
        record.last_event,
    )
    return status | {"counted": counted, "pending": record.pending, "faults": record.faults}


def test_at_every_moment(run: Path, tmp_path: Path) -> None:
    rows, left_out, ledger = read_rows(run / "ledger.db"), 0, tmp_path / "ledger.db"
    for end in range(1, len(rows) + 1, 7):
        ledger.unlink(missing_ok=True)
        repair.write_ledger(ledger, rows[:end])
        full, condensed = folders.read_record(tmp_path), folders.read_condensed(tmp_path, NEWEST, BEST)
        assert summarize(condensed, tmp_path) == summarize(full, tmp_path), f"after {end} rows"
        left_out += len(full.hypotheses) - len(condensed.hypotheses)
    assert left_out > 0


@pytest.mark.parametrize("delay_s", [0.0, 500.0, 5000.0])
def test_after_a_launch_that_ended_without_a_word(delay_s: float, run: Path, tmp_path: Path) -> None:
    """Its clock is reckoned from its rows: of one that came late as much as it says that it took, or a bound."""
    rows = [(row.at, row.kind, row.key, row.payload) for row in read_rows(run / "ledger.db")]
    half = len(rows) // 2
    slow = next(index for index, fact in enumerate(rows[half - SPAN :], half - SPAN) if "seconds" in fact[3])
    payload = canonical({**json.loads(rows[slow][3]), "seconds": 1500.0})
    rows[slow] = (*rows[slow][:3], payload)
    early = [(at + delay_s * (index >= slow), *columns) for index, (at, *columns) in enumerate(rows[:half])]
    unclosed = [fact for fact in early if "lived" not in fact[3]]
    later = [(at + 2 * delay_s, *columns) for at, *columns in rows[half:]]
    repair.write_ledger(tmp_path / "ledger.db", chain_rows([*unclosed, make_clock_row(later[0][0]), *later]))
    full, condensed = folders.read_record(tmp_path), folders.read_condensed(tmp_path, NEWEST, BEST)
    assert summarize(condensed, tmp_path) == summarize(full, tmp_path)
    assert condensed.spent.seconds == pytest.approx(full.spent.seconds)


def test_a_hypothesis_that_an_end_cut_off_is_no_work(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.ledger.condensed.RECENT_ROWS", 30)
    rows = [(row.at, row.kind, row.key, row.payload) for row in read_rows(run / "ledger.db")]
    first = next(index for index, fact in enumerate(rows) if fact[1] == "hypothesis")
    at, kind, _, payload = rows[first]
    lost = (at, kind, "h99", canonical({**json.loads(payload), "id": "h99"}))
    entered = (at, "node", "0/h99/screen/1", canonical({"hypothesis": "h99", "node": "screen"}))
    repair.write_ledger(tmp_path / "ledger.db", chain_rows([*rows[:first], lost, entered, *rows[first:]]))
    full, condensed = folders.read_record(tmp_path), folders.read_condensed(tmp_path, NEWEST, BEST)
    assert summarize(condensed, tmp_path) == summarize(full, tmp_path)
    assert len(condensed.hypotheses) <= NEWEST + BEST + 1 < len(full.hypotheses) - 1


def test_the_report_is_the_same(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.report.facts.NEWEST", NEWEST)
    monkeypatch.setattr("app.report.facts.BEST", BEST)
    glanced = [path.read_text("utf-8") for path in write_report(run, tmp_path / "a")]
    monkeypatch.setattr(folders, "read_condensed", lambda folder, newest, best: folders.read_record(folder))
    assert [path.read_text("utf-8") for path in write_report(run, tmp_path / "b")] == glanced
