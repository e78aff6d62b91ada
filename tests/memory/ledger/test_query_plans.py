"""Every query to the ledger uses an index: none reads all rows where few are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from memory.ledger.ledger import Ledger, Reader

ROWS = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ledger = Ledger.open(tmp_path / "ledger.db")
    for number in range(ROWS):
        ledger.append("even" if number % 2 == 0 else "odd", str(number), {"n": number})
    ledger.close()
    return ledger.path


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(path)
    yield opened
    opened.close()


def plans(reader: Reader, asked: Callable[[], Any]) -> list[str]:
    """How SQLite answers each SELECT that `asked` sends."""
    sent: list[str] = []
    reader._connection.set_trace_callback(sent.append)
    try:
        asked()
    finally:
        reader._connection.set_trace_callback(None)
    sent = [one for one in sent if one.lstrip().upper().startswith("SELECT")]
    assert sent
    explained = [reader._connection.execute(f"EXPLAIN QUERY PLAN {one}").fetchall() for one in sent]
    return [" ".join(str(row[3]) for row in rows) for rows in explained]


def test_a_fact_is_found_by_the_index_of_facts(ledger: Ledger) -> None:
    for asked in (lambda: ledger.find("odd", "7"), lambda: ledger.event("odd", "7")):
        assert plans(ledger, asked) == ["SEARCH events USING INDEX facts (kind=? AND key=?)"]


def test_an_append_reads_the_fact_and_the_last_row_alone(ledger: Ledger) -> None:
    first, last = plans(ledger, lambda: ledger.append("odd", "new", {}))
    assert first == "SEARCH events USING INDEX facts (kind=? AND key=?)"
    assert last == "SCAN events"  # in the order of the rows, and ended by LIMIT 1
    assert plans(ledger, lambda: ledger.intend("odd", "new", {})) == ["SCAN events"]


def test_the_rows_of_a_kind_are_found_by_the_index_of_kinds(ledger: Ledger) -> None:
    for asked in (
        lambda: ledger.events("odd"),
        lambda: ledger.events("odd", after=3),
        lambda: ledger.events(kinds=["odd", "none"], after=3),
    ):
        assert all("USING INDEX kinds (kind=? AND seq>?)" in plan for plan in plans(ledger, asked))


def test_what_is_new_is_found_by_its_number(ledger: Ledger) -> None:
    assert plans(ledger, lambda: ledger.events(after=50)) == ["SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"]
    assert plans(ledger, lambda: ledger.last_seq()) == ["SEARCH events"]


def _as_before(path: Path) -> None:
    """The file as an earlier version made it."""
    ledger = Ledger.open(path)
    ledger._connection.execute("DROP INDEX kinds")
    ledger.close()


def test_an_old_ledger_is_read_as_it_is_and_gets_the_index_when_it_is_written(path: Path) -> None:
    _as_before(path)
    reader = Ledger.read(path)
    assert len(reader.events("odd")) == ROWS // 2
    assert "kinds" not in plans(reader, lambda: reader.events("odd"))[0]
    reader.close()
    ledger = Ledger.open(path)
    assert "kinds" in plans(ledger, lambda: ledger.events("odd"))[0]
    assert len(ledger.events("odd")) == ROWS // 2
    ledger.close()
