"""A damaged ledger keeps its verified prefix, the damaged file is kept beside it, and the damage is reported."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from memory.files.shared_lock import SharedFileLock
from memory.ledger import repair
from memory.ledger.ledger import Ledger
from pelagos.errors import DamagedRun, DiskFull, Locked

ROWS = 300


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "ledger.sqlite"
    ledger = Ledger.open(path)
    for number in range(ROWS):
        ledger.append("fact", str(number), {"n": number, "text": "x" * 400})
    ledger.close()
    return path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "ledger.sqlite"))


def truncated(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6) + 17])


def garbage_tail(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.7)] + b"\xa5" * int(len(data) * 0.3))


def garbage_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\x5a" * 4096)


def nothing_left(path: Path) -> None:
    path.write_bytes(b"")


def not_a_database(path: Path) -> None:
    path.write_bytes(b"not a database at all\n" * 1000)


CASES = [
    (truncated, 1),
    (garbage_tail, 1),
    (garbage_page, 1),
    (nothing_left, 0),
    (not_a_database, 0),
]


@pytest.mark.parametrize(("damage", "least"), CASES, ids=[case[0].__name__ for case in CASES])
def test_the_good_prefix_is_kept(path: Path, damage: Callable[[Path], None], least: int) -> None:
    damage(path)
    broken = path.read_bytes()
    ledger = Ledger.open(path)
    kept = ledger.events()
    assert [event.payload["n"] for event in kept] == list(range(len(kept)))
    assert least <= len(kept) < ROWS or least == len(kept) == 0
    assert path.with_name("ledger.sqlite.damaged-1").read_bytes() == broken
    assert f"{len(kept)} verified rows kept" in ledger.damage
    assert "damaged-1" in ledger.damage
    ledger.append("fact", "new", {})
    ledger.close()
    again = Ledger.open(path)
    assert again.damage == ""
    assert len(again.events()) == len(kept) + 1


def test_a_changed_row_is_noticed(path: Path) -> None:
    raw = sqlite3.connect(path)
    raw.executescript("DROP TRIGGER no_update; UPDATE events SET payload = '{\"n\":-1}' WHERE seq = 101;")
    raw.close()
    ledger = Ledger.open(path)
    assert "row 101 does not continue the hash chain" in ledger.damage
    assert len(ledger.events()) == 100


def test_a_removed_row_is_noticed(path: Path) -> None:
    raw = sqlite3.connect(path)
    raw.executescript("DROP TRIGGER no_delete; DELETE FROM events WHERE seq = 7;")
    raw.close()
    ledger = Ledger.open(path)
    assert "row 7 " in ledger.damage
    assert len(ledger.events()) == 6


def test_a_damaged_log_is_said(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger.open(path)
    for number in range(20):
        ledger.append("fact", str(number), {"n": number, "text": "x" * 400})
    copy = tmp_path / "copy" / "ledger.sqlite"
    copy.parent.mkdir()
    for suffix in ("", "-wal"):  # what a kill leaves: the rows are in the log
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    untouched = Ledger.open(shutil.copytree(copy.parent, tmp_path / "other") / "ledger.sqlite")
    assert untouched.damage == ""
    assert len(untouched.events()) == 20
    log = Path(f"{copy}-wal")
    data = log.read_bytes()
    log.write_bytes(data[:-9000] + b"\xa5" * 9000)
    cut = Ledger.open(copy)
    assert "unfinished or damaged" in cut.damage
    assert 0 < len(cut.events()) < 20
    assert copy.with_name("ledger.sqlite.damaged-1-wal").exists()
    assert Ledger.open(copy).damage == ""


def test_a_repair_that_was_killed_is_finished(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    garbage_tail(path)
    monkeypatch.setattr(repair, "_finish_repair", lambda _path: None)
    hold = SharedFileLock(path)
    assert "verified rows kept" in repair.open_verified(path, hold)[0]
    hold.release()
    monkeypatch.undo()
    assert path.with_name("ledger.sqlite.salvaged").exists()
    ledger = Ledger.open(path)
    assert 0 < len(ledger.events()) < ROWS
    assert not path.with_name("ledger.sqlite.salvaged").exists()


def test_a_ledger_in_use_is_not_replaced(path: Path) -> None:
    user = Ledger.open(path)
    with path.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\x5a" * 4096)
    with pytest.raises(DamagedRun, match="another process has it open"):
        Ledger.open(path)
    assert not list(path.parent.glob("*.damaged-*"))
    user.close()
    assert "verified rows kept" in Ledger.open(path).damage


def test_no_space_for_the_repair_leaves_everything_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    garbage_tail(path)
    broken = path.read_bytes()

    def full(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(repair.shutil, "copy2", full)
        with pytest.raises(DiskFull, match="disk"):
            Ledger.open(path)
    assert path.read_bytes() == broken
    assert not list(path.parent.glob("*.damaged-*"))
    assert "damaged-1" in Ledger.open(path).damage


def test_a_locked_ledger_is_not_taken_for_a_damaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memory.ledger.rows.READER_WAIT_S", 0.05)
    path = tmp_path / "ledger.db"
    with closing(Ledger.open(path)) as ledger:
        ledger.append("a", "1", {})
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Locked, match="another process keeps it locked"):
            Ledger.open(path)
    with closing(Ledger.open(path)) as ledger:
        assert ledger.damage == ""
        assert ledger.last_seq() == 1
    assert not list(tmp_path.glob("*.damaged-*"))
