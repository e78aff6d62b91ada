"""Bounds a folder of files that can be made again: those that were used least recently are removed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

IN_USE_S = 1_800.0
"""A file that was used since may be about to be bound into a sandbox: it stays."""


def mark_used(path: Path) -> None:
    """Note that a file is used now. Nothing is noted where another process has just removed it."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(path)


def remove_unused(folder: Path, most_bytes: int) -> None:
    """Remove files until those that are left take `most_bytes` at most. Those that were used in the last IN_USE_S
    seconds stay, whatever they take."""
    files = sorted(_list_files(folder), key=lambda file: file[1].st_mtime)
    left, since = sum(stat.st_size for _, stat in files), time.time() - IN_USE_S
    for path, stat in files:
        if left <= most_bytes or stat.st_mtime > since:
            return
        path.unlink(missing_ok=True)
        left -= stat.st_size


def _list_files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process removed it
            yield path, path.stat()
