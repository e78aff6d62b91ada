"""Tells who has a file open: every process that uses it holds a shared lock, and one that replaces it needs an
exclusive lock.

If a file were replaced under a process that still writes to it, that process's rows would be lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class SharedFileLock:
    """A shared lock on `path`, through `path + ".lock"`, held until it is released or the process ends."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Yield True where no other process holds the lock; then none can take it within the context. Else yield
        False."""
        if self._handle < 0:
            yield False
            return
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._handle, fcntl.LOCK_SH)  # a refused upgrade may have dropped the shared lock
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        """Release the lock. May be called again."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
