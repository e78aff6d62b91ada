"""Translates what the operating system and SQLite report about a disk: a full disk becomes `DiskFull`, an unreadable
file `DamagedRun`, and a lock of another process `Locked`."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pelagos.disk_space import NO_SPACE_ERRNOS, has_space
from pelagos.errors import DamagedRun, DiskFull, Locked

LOCK_WAIT_S = 600.0
"""How long a run waits for another process that has locked one of its SQLite files: longer than a backup takes."""


@contextlib.contextmanager
def translate_disk_errors(path: Path) -> Iterator[None]:
    """Raise DiskFull where a write at `path`, or at the path that the error names, finds no space. Other errors pass
    unchanged."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if not _is_full(error, path):
            raise
        raise DiskFull(str(getattr(error, "filename", None) or path)) from error


@contextlib.contextmanager
def translate_database_errors(path: Path, remedy: str) -> Iterator[None]:
    """Raise DiskFull where there is no space, Locked where another process has the file, and DamagedRun, whose message
    ends in `remedy`, where SQLite fails for another reason."""
    try:
        with translate_disk_errors(path.parent):
            yield
    except sqlite3.DatabaseError as error:
        if _is_full(error, path.parent):
            raise DiskFull(str(path.parent)) from error
        if is_locked(error):
            raise Locked(str(path)) from error
        raise DamagedRun(f"{path}: {error}; {remedy}") from error


def is_locked(error: BaseException) -> bool:
    """Whether SQLite reports that another process has locked the file; this says nothing about its content."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"))


def _is_full(error: BaseException, path: Path) -> bool:
    if isinstance(error, shutil.Error):  # copytree reports its errors as text
        return any(os.strerror(code) in str(error) for code in NO_SPACE_ERRNOS)
    if isinstance(error, OSError):
        return error.errno in NO_SPACE_ERRNOS
    # SQLite reports a full disk under its shared memory, and a quota, as an input/output error.
    name: str = getattr(error, "sqlite_errorname", "")
    return name == "SQLITE_FULL" or (name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and not has_space(path))
