"""One controller drives a run: a lock on its folder that dies with its process.

Other processes read, and append short transactions of their own, without it. Who asks for the controller shares the
lock for that moment, which is told from driving: it never keeps a start from getting it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pelagos.errors import BadInput

LOCK, HOLDER = "controller.lock", "controller.pid"
SHARED = fcntl.LOCK_SH | fcntl.LOCK_NB
ALONE = fcntl.LOCK_EX | fcntl.LOCK_NB
AGAIN_S = 0.001


@contextlib.contextmanager
def hold_controller(folder: Path | str) -> Iterator[None]:
    """Hold the run in `folder` for this process. Raises BadInput that says which process holds it, or why no lock can
    be had there."""
    folder = Path(folder)
    holder = folder / HOLDER
    handle = _lock_file(folder)
    try:
        _take(handle, folder)
        try:
            holder.write_text(f"{os.getpid()} {_here()}\n")
            yield
        finally:
            holder.unlink(missing_ok=True)
    finally:
        os.close(handle)


def controller_of(folder: Path | str) -> int | None:
    """The pid that drives the run in `folder`, None where nobody does.

    0 where it can't be told: it has only just begun or is about to end, or its number is another machine's or
    container's.
    """
    folder = Path(folder)
    if not (folder / HOLDER).exists():
        return None
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _got(handle, SHARED):
            return None
    finally:
        os.close(handle)
    pid, place = _holder(folder)
    return pid if place == _here() else 0


def _take(handle: int, folder: Path) -> None:
    """The lock, for this process alone. One that can't be had alone but can be shared has readers only."""
    try:
        while not _got(handle, ALONE):
            if not _got(handle, SHARED):
                raise BadInput(f"{folder}: {_named(folder)}; stop it first, or watch it with `pelagos status`")
            fcntl.flock(handle, fcntl.LOCK_UN)
            time.sleep(AGAIN_S)
    except OSError as error:
        raise BadInput(
            f"{folder}: its disk has no locks ({error.strerror}): a run needs them; move it to a local disk"
        ) from error


def _lock_file(folder: Path) -> int:
    try:
        return os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except (PermissionError, IsADirectoryError) as error:
        raise BadInput(f"{folder / LOCK}: {error.strerror}: a run is driven where it can be written") from error
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        raise BadInput(f"{folder}: can only be read: copy the run to a disk that can be written") from error


def _got(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how)
    except BlockingIOError:
        return False
    return True


def _named(folder: Path) -> str:
    pid, place = _holder(folder)
    if place == _here():
        return f"process {pid or 'unknown'} already drives this run"
    return f"process {pid or 'unknown'} of {place.partition(' ')[0] or 'another machine'} already drives this run"


def _holder(folder: Path) -> tuple[int, str]:
    """The pid as its machine or container numbers it, and which that is; (0, "here") where it isn't known."""
    try:
        pid, _, place = (folder / HOLDER).read_text().strip().partition(" ")
        return int(pid), place or _here()
    except (FileNotFoundError, ValueError):  # it has only just taken the lock, or gives it up now
        return 0, _here()


def _here() -> str:
    """Where a pid means a process: the machine's name and, where there is one, the namespace of its pids."""
    space = Path("/proc/self/ns/pid")
    return f"{os.uname().nodename} {space.readlink() if space.is_symlink() else ''}".strip()
