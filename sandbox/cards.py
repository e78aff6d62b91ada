"""Slots on graphics cards, over every run of this user on this machine.

A hold is a file that its holder keeps locked: the kernel drops the lock however the holder dies, and the next who
looks removes the file. A card is exclusive unless an amount of memory is asked for; then it is shared as long as all
amounts fit beside what others hold of it, such as a model server. Several cards are taken at once or not at all.
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
from sandbox.gpus import Card, Use, cards, uses

POLL = 0.5
_serial = itertools.count()
_SUFFIX = ".hold"


@dataclass(frozen=True)
class Hold:
    """One living hold. `mb` is None for a card held alone."""

    uuid: str
    mb: float | None
    pid: int


@contextlib.contextmanager
def take(count: int, memory_mb: int | None, waiting: Callable[[str], None]) -> Iterator[tuple[int, ...]]:
    """Hold `count` cards, alone or `memory_mb` of each; yields their indices.

    While there is no room `waiting` is called again and again with the reason: it may raise to give up. Raises
    MissingPart where there are no cards.
    """
    with contextlib.ExitStack() as stack:
        while True:
            with _guard():
                picked, reason = _pick(count, memory_mb)
                for card in picked:
                    stack.enter_context(_held(card, memory_mb))
            if picked:
                break
            waiting(reason)
            time.sleep(POLL)
        yield tuple(card.index for card in picked)


def holds() -> list[Hold]:
    """Every living hold of this user. Files of dead holders are removed. Wants the guard."""
    found = []
    for path in sorted(_folder().glob(f"*{_SUFFIX}")):
        with contextlib.suppress(FileNotFoundError):  # let go of meanwhile
            found += _living(path)
    return found


def _living(path: Path) -> list[Hold]:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return [Hold(**json.loads(path.read_text()))]
    else:
        path.unlink()
        return []
    finally:
        os.close(handle)


def _pick(count: int, memory_mb: int | None) -> tuple[list[Card], str]:
    """The cards to hold, the emptiest first; or none and why."""
    there, known, using = cards(), holds(), uses()
    if count > len(there):
        raise MissingPart(f"{count} cards are wanted, this machine has {len(there)}")
    reasons = {card.index: _reason(card, memory_mb, known, using) for card in there}
    fit = sorted((card for card in there if not reasons[card.index]), key=lambda card: (card.used_mb, card.index))
    if len(fit) >= count:
        return fit[:count], ""
    return [], "waiting for a card: " + "; ".join(f"{index}: {why}" for index, why in reasons.items() if why)


def _reason(card: Card, memory_mb: int | None, known: Sequence[Hold], using: Sequence[Use]) -> str:
    """'' or why `card` can't be held now."""
    mine = [hold for hold in known if hold.uuid == card.uuid]
    if any(hold.mb is None for hold in mine):
        return "held alone by an experiment"
    experiments = {hold.pid for hold in mine}
    apps = [use for use in using if use.uuid == card.uuid]
    foreign = [use for use in apps if not _descends(use.pid, experiments)]
    if memory_mb is None:
        if mine:
            return "shared by experiments"
        return f"used by process {foreign[0].pid}; with limits.gpu_memory_mb it can be shared" if foreign else ""
    ours = sum(use.mb for use in apps if use not in foreign)
    free = card.total_mb - max(card.used_mb - ours, 0.0) - sum(hold.mb or 0.0 for hold in mine)
    return "" if memory_mb <= free else f"{max(free, 0.0):.0f} MB free of the {memory_mb} MB asked for"


def _descends(pid: int, ancestors: set[int]) -> bool:
    """Whether a process was started, however indirectly, by one of `ancestors`."""
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            return False
        if pid in ancestors:
            return True
    return False


@contextlib.contextmanager
def _held(card: Card, memory_mb: int | None) -> Iterator[None]:
    path = _folder() / f"{os.getpid()}-{next(_serial)}{_SUFFIX}"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, json.dumps({"uuid": card.uuid, "mb": memory_mb, "pid": os.getpid()}).encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextlib.contextmanager
def _guard() -> Iterator[None]:
    """Held for as long as one looks and decides."""
    handle = os.open(_folder() / "guard", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _folder() -> Path:
    """The user's own runtime folder: gone after a reboot, shared by all their runs."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "pelagos-cards" if base else Path(tempfile.gettempdir()) / f"pelagos-cards-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if info.st_uid != os.getuid() or folder.is_symlink() or info.st_mode & 0o022:
        raise SandboxError(f"{folder}: belongs to somebody else, or others may write there: remove it")
    return folder
