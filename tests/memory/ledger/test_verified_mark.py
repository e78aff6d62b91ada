"""An unchanged verified ledger is opened without reading it; after any change, all of it is read."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from memory.ledger import repair, verified_mark
from memory.ledger.ledger import Ledger
from memory.ledger.rows import Row

ROWS = 300
KILLED = """
import os, sys
from memory.ledger.ledger import Ledger
ledger = Ledger.open(sys.argv[1])
for number in range(20):
    ledger.append("late", str(number), {})
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with closing(Ledger.open(path)) as ledger:
        for number in range(ROWS):
            ledger.append("fact", str(number), {"n": number})
    return path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the rows that are verified."""
    found: list[int] = []
    follows = repair.continues_chain

    def noted(row: Row, previous: str, seq: int) -> bool:
        found.append(row.seq)
        return follows(row, previous, seq)

    monkeypatch.setattr(repair, "continues_chain", noted)
    return found


def changed(path: Path, row: int = 101) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(f"DROP TRIGGER no_update; UPDATE events SET payload = '{{\"n\":7}}' WHERE seq = {row};")


def test_what_was_verified_is_not_read_again(path: Path, read: list[int]) -> None:
    for _ in range(2):
        with closing(Ledger.open(path)) as ledger:
            ledger.append("late", str(ledger.last_seq()), {})
    assert read == [ROWS + 1, ROWS + 2]  # each once, when it was closed
    assert repair.verified_rows(path)[1] == ""
    assert len(read) == 2 + ROWS + 2


def test_beside_who_has_it_open_all_are(path: Path, read: list[int]) -> None:
    with closing(Ledger.open(path)) as first:
        first.append("late", "1", {})
        with closing(Ledger.open(path)) as second:
            second.append("late", "2", {})
        first.append("late", "3", {})
    assert read == [*range(1, ROWS + 2), ROWS + 1, ROWS + 2, ROWS + 3]
    read.clear()
    with closing(Ledger.open(path)) as ledger:
        assert ledger.last_seq() == ROWS + 3
    assert read == []


def test_after_a_kill_all_are(path: Path, read: list[int]) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    with closing(Ledger.open(path)) as ledger:
        assert ledger.damage == ""
    assert read == list(range(1, ROWS + 21))


def test_a_change_under_a_log_that_a_kill_left(path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    changed(path)
    with closing(Ledger.open(path)) as ledger:
        assert "row 101 does not continue the hash chain" in ledger.damage


def with_its_times_put_back(path: Path) -> None:
    before = path.stat()
    changed(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def in_a_copy(path: Path) -> None:
    changed(path)
    shutil.copy2(path, path.with_name("copy"))
    path.with_name("copy").rename(path)


@pytest.mark.parametrize("change", [changed, with_its_times_put_back, in_a_copy])
def test_a_change_of_what_was_verified_is_noticed(path: Path, change: Callable[[Path], None]) -> None:
    change(path)
    with closing(Ledger.open(path)) as ledger:
        assert "row 101 does not continue the hash chain" in ledger.damage
        assert ledger.last_seq() == 100


@pytest.mark.parametrize("end", [[ROWS, "f" * 64], [ROWS + 5, "f" * 64], [7, "0" * 64], [0, "f" * 64]])
def test_a_mark_that_lies_about_its_row_hides_nothing(path: Path, end: list[object]) -> None:
    changed(path)
    place = path.with_name("ledger.db.verified")
    place.write_text(json.dumps([*end, *verified_mark._file_identity(path)]))
    with closing(Ledger.open(path)) as ledger:
        assert "row 101 does not continue the hash chain" in ledger.damage


@pytest.mark.parametrize("text", ["", "[1]", "{}", "[1, 2, null]", "\x00\xff"])
def test_a_mark_that_can_not_be_read_is_none(path: Path, read: list[int], text: str) -> None:
    path.with_name("ledger.db.verified").write_text(text)
    with closing(Ledger.open(path)) as ledger:
        assert (ledger.damage, len(read)) == ("", ROWS)
