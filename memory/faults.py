"""What the operating system and SQLite say about a disk, in our words: full is `DiskFull`, unreadable a damaged run,
and a lock that another process keeps is `Locked`."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pelagos.errors import DamagedRun, DiskFull, Locked

FULL = (errno.ENOSPC, errno.EDQUOT)
WAIT_S = 600.0
"""How long a run waits for whoever has locked one of its SQLite files: longer than a backup or a person takes."""
_PROBE = 1 << 16


@contextlib.contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Raises DiskFull where a write at `path`, or at the place the error names, finds no room. Others pass."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if not _is_full(error, path):
            raise
        raise DiskFull(str(getattr(error, "filename", None) or path)) from error


@contextlib.contextmanager
def on_database(path: Path, mend: str) -> Iterator[None]:
    """Raises DiskFull where there is no room, Locked where another process has the file, and DamagedRun, ending in
    `mend`, where SQLite can't go on for another reason."""
    from sqlalchemy.exc import DatabaseError

    try:
        with on_disk(path.parent):
            yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        cause = getattr(error, "orig", None) or error
        if _is_full(cause, path.parent):
            raise DiskFull(str(path.parent)) from error
        if is_locked(cause):
            raise Locked(str(path)) from error
        raise DamagedRun(f"{path}: {cause}; {mend}") from error


def is_locked(error: BaseException) -> bool:
    """Whether SQLite says that another process has the file, which is nothing about what is in it."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"))


def _is_full(error: BaseException, path: Path) -> bool:
    if isinstance(error, shutil.Error):  # of copytree: a list of what went wrong, as text
        return any(os.strerror(code) in str(error) for code in FULL)
    if isinstance(error, OSError):
        return error.errno in FULL
    # SQLite reports a full disk under its shared memory, and a quota, as an input/output error.
    name: str = getattr(error, "sqlite_errorname", "")
    return name == "SQLITE_FULL" or (name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and not _room(path))


def _room(path: Path) -> bool:
    """Whether a small file can still be written at `path`: asked of the disk, since quotas show nowhere else."""
    folder = next(place for place in (path, *path.absolute().parents) if place.is_dir())
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno not in FULL
    return True
