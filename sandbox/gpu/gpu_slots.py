"""Slots on graphics cards, over every run of this user on this machine.

A hold is a file that its holder keeps locked: the kernel releases the lock however the holder dies, and the next
process that looks removes the file. A card is exclusive unless an amount of memory is requested; then it is shared as
long as all amounts fit beside what other processes hold, such as a model server. Several cards are taken together or
not at all.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import MissingPart, SandboxError
from sandbox.gpu.gpus import Gpu, GpuProcess, list_gpu_processes, list_gpus

POLL_S = 0.5
_serial = itertools.count()
_SUFFIX = ".hold"


@dataclass(frozen=True)
class GpuHold:
    """One hold of a living process. `mb` is None for an exclusive card."""

    uuid: str
    mb: float | None
    pid: int


@contextlib.contextmanager
def take(count: int, memory_mb: int | None, waiting: Callable[[str], None]) -> Iterator[tuple[int, ...]]:
    """Hold `count` cards, exclusively or `memory_mb` of each, and yield their indices.

    While they don't fit, `waiting` is called repeatedly with the reason; it may raise to give up. Raises MissingPart
    where there are no cards.
    """
    with contextlib.ExitStack() as stack:
        while True:
            with _lock_decision():
                picked, reason = _pick_gpus(count, memory_mb)
                for gpu in picked:
                    stack.enter_context(_hold_gpu(gpu, memory_mb))
            if picked:
                break
            waiting(reason)
            time.sleep(POLL_S)
        yield tuple(gpu.index for gpu in picked)


def list_holds() -> list[GpuHold]:
    """Return every hold of a living process of this user. Files of dead holders are removed. The caller holds the
    decision lock."""
    holds = []
    for path in sorted(_folder().glob(f"*{_SUFFIX}")):
        with contextlib.suppress(FileNotFoundError):  # released meanwhile
            holds += _living_holds(path)
    return holds


def _living_holds(path: Path) -> list[GpuHold]:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return [GpuHold(**json.loads(path.read_text()))]
    else:
        path.unlink()
        return []
    finally:
        os.close(handle)


def _pick_gpus(count: int, memory_mb: int | None) -> tuple[list[Gpu], str]:
    """Return the cards to hold, the least used first; or none and the reason."""
    gpus, holds, processes = list_gpus(), list_holds(), list_gpu_processes()
    if count > len(gpus):
        raise MissingPart(f"{count} cards are wanted, this machine has {len(gpus)}")
    reasons = {gpu.index: _why_not(gpu, memory_mb, holds, processes) for gpu in gpus}
    free = sorted((gpu for gpu in gpus if not reasons[gpu.index]), key=lambda gpu: (gpu.used_mb, gpu.index))
    if len(free) >= count:
        return free[:count], ""
    return [], "waiting for a card: " + "; ".join(f"{index}: {reason}" for index, reason in reasons.items() if reason)


def _why_not(gpu: Gpu, memory_mb: int | None, holds: Sequence[GpuHold], processes: Sequence[GpuProcess]) -> str:
    """Return why `gpu` can't be held now, '' where it can."""
    gpu_holds = [hold for hold in holds if hold.uuid == gpu.uuid]
    if any(hold.mb is None for hold in gpu_holds):
        return "held alone by an experiment"
    experiments = {hold.pid for hold in gpu_holds}
    gpu_processes = [process for process in processes if process.uuid == gpu.uuid]
    foreign = [process for process in gpu_processes if not _is_descendant(process.pid, experiments)]
    if memory_mb is None:
        if gpu_holds:
            return "shared by experiments"
        return f"used by process {foreign[0].pid}; with limits.gpu_memory_mb it can be shared" if foreign else ""
    experiments_mb = sum(process.mb for process in gpu_processes if process not in foreign)
    free = gpu.total_mb - max(gpu.used_mb - experiments_mb, 0.0) - sum(hold.mb or 0.0 for hold in gpu_holds)
    return "" if memory_mb <= free else f"{max(free, 0.0):.0f} MB free of the {memory_mb} MB asked for"


def _is_descendant(pid: int, ancestors: set[int]) -> bool:
    """Whether a process was started, directly or indirectly, by one of `ancestors`."""
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            return False
        if pid in ancestors:
            return True
    return False


@contextlib.contextmanager
def _hold_gpu(gpu: Gpu, memory_mb: int | None) -> Iterator[None]:
    path = _folder() / f"{os.getpid()}-{next(_serial)}{_SUFFIX}"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, json.dumps({"uuid": gpu.uuid, "mb": memory_mb, "pid": os.getpid()}).encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextlib.contextmanager
def _lock_decision() -> Iterator[None]:
    """Hold the lock under which cards are chosen."""
    handle = os.open(_folder() / "guard", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _folder() -> Path:
    """Return the user's own runtime folder: shared by all their runs, gone after a reboot."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "pelagos-cards" if base else Path(tempfile.gettempdir()) / f"pelagos-cards-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or folder.is_symlink() or status.st_mode & 0o022:
        raise SandboxError(f"{folder}: belongs to somebody else, or others may write there: remove it")
    return folder
