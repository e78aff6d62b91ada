"""Stores how far a ledger was verified in a small file beside it, so that opening a large ledger verifies new rows
only.

A mark is valid while nobody has changed the ledger: the file has the same inode, size and change time (which no
program can set), has no log beside it, and no other process has it open. So after a kill, a copy, a restored file or
any edit the whole ledger is verified, as it is where the mark is missing or unreadable. A mark can't detect bytes that
were changed within a page while a process had the ledger open, or by the disk itself: `pelagos doctor --verify` reads
all rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from memory.artifacts import write_whole
from memory.ledger.rows import GENESIS, Position

START = Position(0, GENESIS)


class Mark(NamedTuple):
    """`end` is the newest verified row. `file` identifies the file at that time: inode, size, and the times (ns) at
    which its content and its inode changed."""

    end: Position
    file: tuple[int, ...]


def trusted_position(ledger: Path) -> Position:
    """Return the position up to which the rows of `ledger` need not be verified again; the start where there is no
    valid mark. No other process may have it open."""
    mark = _read_mark(_mark_path(ledger))
    return mark.end if mark and has_no_log(ledger) and mark.file == _file_identity(ledger) else START


def write(ledger: Path, end: Position) -> None:
    """Record that all rows up to `end` are verified. Raises OSError where there is no space."""
    write_whole(_mark_path(ledger), json.dumps([*end, *_file_identity(ledger)]).encode())


def has_no_log(ledger: Path) -> bool:
    """Whether all rows of the ledger are in its file, none in its write-ahead log."""
    log = ledger.with_name(ledger.name + "-wal")
    return not log.exists() or log.stat().st_size == 0


def remove(ledger: Path) -> None:
    """Remove the mark, so that the next opening verifies all rows."""
    _mark_path(ledger).unlink(missing_ok=True)


def _mark_path(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".verified")


def _read_mark(place: Path) -> Mark | None:
    try:
        seq, chain, *file = json.loads(place.read_bytes())
        return Mark(Position(int(seq), str(chain)), tuple(map(int, file)))
    except (FileNotFoundError, ValueError, TypeError):  # there is no mark, or it is incomplete
        return None


def _file_identity(ledger: Path) -> tuple[int, ...]:
    status = ledger.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
