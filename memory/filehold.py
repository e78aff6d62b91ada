"""Who has a file open: everyone who uses it shares a hold, and who replaces it must be alone.

A file that is replaced under a process that still writes to it would take that process's rows along.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class FileHold:
    """A shared hold on `path`, through `path + ".lock"`, until released or until the process ends."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """True where nobody else holds it, and then nobody can begin to for the while."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._handle, fcntl.LOCK_SH)  # a refused upgrade may have given the shared hold up
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        """Give the hold up. May be called again."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
