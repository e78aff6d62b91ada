"""The end of a write-ahead log: whole frames are told from damaged ones by their checksums."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.ledger.wal import FRAME_HEADER_BYTES, HEADER_BYTES, damaged_tail

PAGE = 4096
FRAME = FRAME_HEADER_BYTES + PAGE
SAID = "the last write to its log is unfinished or damaged"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its log, as a kill leaves them: without the index, so every frame is looked at."""
    folder = tmp_path_factory.mktemp("written")
    path = folder / "a.db"
    with sqlite3.connect(path, isolation_level=None) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA wal_autocheckpoint=0")
        raw.execute("CREATE TABLE t (x TEXT)")
        for number in range(5):
            raw.execute("INSERT INTO t VALUES (?)", (str(number) * 1000,))
        (folder / "b").mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(path.with_name(path.name + suffix), folder / "b" / f"a.db{suffix}")
    return folder / "b" / "a.db"


def changed(written: Path, data: bytes) -> str:
    place = written.with_name("c.db")
    place.write_bytes(written.read_bytes())
    place.with_name("c.db-wal").write_bytes(data)
    return damaged_tail(place)


def log(written: Path) -> bytes:
    return written.with_name(written.name + "-wal").read_bytes()


def test_a_whole_log_is_not_torn(written: Path) -> None:
    data = log(written)
    assert len(data) > HEADER_BYTES + 5 * FRAME and (len(data) - HEADER_BYTES) % FRAME == 0
    assert damaged_tail(written) == ""


@settings(max_examples=60)
@given(st.data())
def test_any_changed_byte_of_a_page_is_noticed(written: Path, data: st.DataObject) -> None:
    whole = bytearray(log(written))
    frames = (len(whole) - HEADER_BYTES) // FRAME
    frame = data.draw(st.integers(0, frames - 1))
    inside = data.draw(st.integers(0, 7) | st.integers(16, FRAME - 1))  # not the salts: other ones end the log
    at = HEADER_BYTES + frame * FRAME + inside
    whole[at] ^= data.draw(st.integers(1, 255))
    assert changed(written, bytes(whole)) == SAID


def test_frames_of_an_older_log_behind_the_end_are_none(written: Path) -> None:
    whole = bytearray(log(written))
    last = len(whole) - FRAME
    whole[last + 8] ^= 1
    whole[last + 100] ^= 1
    assert changed(written, bytes(whole)) == ""
    first = bytearray(log(written))
    first[HEADER_BYTES + 8] ^= 1
    first[-1] ^= 1
    assert changed(written, bytes(first)) == ""


@pytest.mark.parametrize("length", [0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, HEADER_BYTES + FRAME - 1])
def test_a_log_without_a_whole_frame_has_none_that_is_torn(written: Path, length: int) -> None:
    assert changed(written, log(written)[:length]) == ""


def test_half_a_frame_at_the_end_is_no_frame(written: Path) -> None:
    assert changed(written, log(written)[: -FRAME // 2]) == ""


def test_without_a_log_nothing_is_torn(tmp_path: Path) -> None:
    assert damaged_tail(tmp_path / "none.db") == ""


def test_only_what_is_behind_the_last_commit_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA wal_autocheckpoint=0")
    raw.execute("CREATE TABLE t (x TEXT)")
    raw.execute("INSERT INTO t VALUES ('a')")
    place = path.with_name("a.db-wal")
    assert damaged_tail(path) == ""
    whole = bytearray(place.read_bytes())
    whole += whole[-FRAME:]  # one more, whose checksum doesn't go on from the last
    place.write_bytes(whole)
    assert damaged_tail(path) == SAID
    whole[HEADER_BYTES + 100] ^= 1  # committed: SQLite has it in its index
    place.write_bytes(whole[:-FRAME])
    assert damaged_tail(path) == ""
    raw.close()
