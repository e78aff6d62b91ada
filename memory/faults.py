"""What the operating system and SQLite say about a disk, in our words: full is a cap, unreadable a damaged run."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from pelagos.errors import CapReached, DamagedRun

FULL = (errno.ENOSPC, errno.EDQUOT)


def disk_full(folder: Path) -> CapReached:
    """The disk that holds `folder` as a cap that was reached, in MB."""
    usage = shutil.disk_usage(folder)
    return CapReached("disk", usage.used / 1e6, usage.total / 1e6)


@contextlib.contextmanager
def on_disk(folder: Path) -> Iterator[None]:
    """Raises CapReached('disk') where a write in `folder` finds no space; other faults pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise disk_full(folder) from error


@contextlib.contextmanager
def on_database(path: Path, mend: str) -> Iterator[None]:
    """Raises CapReached('disk') where it is full and DamagedRun, ending in `mend`, where SQLite can't go on."""
    try:
        with on_disk(path.parent):
            yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        text = str(getattr(error, "orig", error))
        if "disk is full" in text:
            raise disk_full(path.parent) from error
        raise DamagedRun(f"{path}: {text}; {mend}") from error
