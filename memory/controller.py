"""One controller drives a run: a lock on its folder that dies with its process.

Other processes read, and append short transactions of their own, without it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pelagos.errors import BadInput


@contextlib.contextmanager
def hold_controller(folder: Path | str) -> Iterator[None]:
    """Hold the run in `folder` for this process. Raises BadInput that says which process holds it."""
    folder = Path(folder)
    pid = folder / "controller.pid"
    lock = FileLock(folder / "controller.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = pid.read_text().strip() if pid.exists() else "unknown"
        fault = f"{folder}: process {holder} already drives this run; stop it first, or watch it with `pelagos status`"
        raise BadInput(fault) from None
    try:
        pid.write_text(f"{os.getpid()}\n")
        yield
    finally:
        pid.unlink(missing_ok=True)
        lock.release()


def controller_of(folder: Path | str) -> int | None:
    """The pid that drives the run in `folder`, None where nobody does."""
    folder = Path(folder)
    pid = folder / "controller.pid"
    if not (folder / "controller.lock").exists():
        return None
    lock = FileLock(folder / "controller.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        try:
            return int(pid.read_text())
        except (FileNotFoundError, ValueError):  # it has only just taken the lock, or gives it up now
            return 0
    lock.release()
    return None
