"""Ensures that one controller drives a run, by a lock on its folder that the kernel releases with its process.

Other processes read the run, and append short transactions of their own, without the lock. A process that asks who the
controller is takes the lock in shared mode for that moment. This can be told from driving, so it never prevents a
start.
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

LOCK_FILE, HOLDER_FILE = "controller.lock", "controller.pid"
SHARED_LOCK = fcntl.LOCK_SH | fcntl.LOCK_NB
EXCLUSIVE_LOCK = fcntl.LOCK_EX | fcntl.LOCK_NB
RETRY_S = 0.001


@contextlib.contextmanager
def hold_controller(folder: Path | str) -> Iterator[None]:
    """Hold the run in `folder` for this process. Raises BadInput that names the process that holds it, or the reason
    why it can't be locked."""
    folder = Path(folder)
    holder = folder / HOLDER_FILE
    handle = _open_lock_file(folder)
    try:
        _acquire(handle, folder)
        try:
            holder.write_text(f"{os.getpid()} {_pid_namespace()}\n")
            yield
        finally:
            holder.unlink(missing_ok=True)
    finally:
        os.close(handle)


def lock_holder(folder: Path | str) -> int | None:
    """Return the pid of the process that drives the run in `folder`, None where there is none.

    Returns 0 where the pid is unknown: the process is just starting or ending, or its pid belongs to another machine
    or container.
    """
    folder = Path(folder)
    if not (folder / HOLDER_FILE).exists():
        return None
    try:
        handle = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _try_lock(handle, SHARED_LOCK):
            return None
    finally:
        os.close(handle)
    pid, namespace = _read_holder(folder)
    return pid if namespace == _pid_namespace() else 0


def _acquire(handle: int, folder: Path) -> None:
    """Take the exclusive lock. Where it is refused but a shared one is granted, only readers hold it, so try again."""
    try:
        while not _try_lock(handle, EXCLUSIVE_LOCK):
            if not _try_lock(handle, SHARED_LOCK):
                raise BadInput(
                    f"{folder}: {_describe_holder(folder)}; stop it first, or watch it with `pelagos status`"
                )
            fcntl.flock(handle, fcntl.LOCK_UN)
            time.sleep(RETRY_S)
    except OSError as error:
        raise BadInput(
            f"{folder}: its disk has no locks ({error.strerror}): a run needs them; move it to a local disk"
        ) from error


def _open_lock_file(folder: Path) -> int:
    try:
        return os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except (PermissionError, IsADirectoryError) as error:
        raise BadInput(f"{folder / LOCK_FILE}: {error.strerror}: a run is driven where it can be written") from error
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        raise BadInput(f"{folder}: can only be read: copy the run to a disk that can be written") from error


def _try_lock(handle: int, mode: int) -> bool:
    try:
        fcntl.flock(handle, mode)
    except BlockingIOError:
        return False
    return True


def _describe_holder(folder: Path) -> str:
    pid, namespace = _read_holder(folder)
    if namespace == _pid_namespace():
        return f"process {pid or 'unknown'} already drives this run"
    return f"process {pid or 'unknown'} of {namespace.partition(' ')[0] or 'another machine'} already drives this run"


def _read_holder(folder: Path) -> tuple[int, str]:
    """Return the pid as its machine or container numbers it, and the name of that pid namespace; (0, this one) where
    it is unknown."""
    try:
        pid, _, namespace = (folder / HOLDER_FILE).read_text().strip().partition(" ")
        return int(pid), namespace or _pid_namespace()
    except (FileNotFoundError, ValueError):  # the process has just taken the lock, or is releasing it
        return 0, _pid_namespace()


def _pid_namespace() -> str:
    """Return where a pid is valid: the machine's name and, where there is one, the pid namespace."""
    namespace = Path("/proc/self/ns/pid")
    return f"{os.uname().nodename} {namespace.readlink() if namespace.is_symlink() else ''}".strip()
