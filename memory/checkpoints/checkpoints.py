"""Opens LangGraph's checkpoints of a run: a SQLite file that loads only safe types and is pruned here.

The saver stores the whole state with every checkpoint and has no working prune, so the graph's state holds ids and
counters only, and old checkpoints are deleted here. The ledger is the truth: checkpoints that it doesn't cover
(`memory.checkpoints.saver`) and a damaged file are moved aside. The graph then continues from the newest checkpoint
that fits, or starts over, and finds all finished work in the ledger.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from memory.files import disk_errors
from memory.ledger.ledger import Reader
from pelagos.errors import DamagedRun

if TYPE_CHECKING:
    from memory.checkpoints.saver import LedgerSaver

DURABILITY: Literal["sync"] = "sync"
FILE = "checkpoints.sqlite"
KEEP = 20


@contextlib.contextmanager
def open_checkpoints(ledger: Reader, say: Callable[[str], None], keep: int = KEEP) -> Iterator[LedgerSaver]:
    """Yield the saver of the run with this ledger, pruned to the newest `keep` checkpoints at opening and at closing.

    `say` is told what was moved aside. Raises Locked and DiskFull.
    """
    saver = _open(ledger, say, keep)
    with contextlib.closing(saver.conn):
        _drop_uncovered(saver, say)
        saver.prune_old()
        yield saver
        saver.prune_old()
        with saver.cursor(transaction=False) as cursor:
            cursor.execute("VACUUM")


def _open(ledger: Reader, say: Callable[[str], None], keep: int) -> LedgerSaver:
    path = ledger.path.with_name(FILE)
    saver = _saver(path, ledger, keep)
    try:
        saver.check()
    except DamagedRun as error:
        saver.conn.close()
        backup = _unused_name(path, "damaged")
        damage_text = str(error).removeprefix(f"{path}: ").partition("; ")[0]
        say(f"{FILE}: {damage_text}; kept as {backup.name}; the run begins at its first node and finds its facts")
        _move_aside(path, backup)
        return _saver(path, ledger, keep)
    except BaseException:
        saver.conn.close()
        raise
    return saver


def _saver(path: Path, ledger: Reader, keep: int) -> LedgerSaver:
    from memory.checkpoints.saver import LedgerSaver

    path.touch(mode=0o600)
    path.chmod(0o600)
    return LedgerSaver(
        path, sqlite3.connect(path, check_same_thread=False, timeout=disk_errors.LOCK_WAIT_S), ledger, keep
    )


def _drop_uncovered(saver: LedgerSaver, say: Callable[[str], None]) -> None:
    """Copy checkpoints that the ledger doesn't cover to a backup file and delete them."""
    checkpoints, writes = saver.uncovered()
    if not checkpoints and not writes:
        return
    backup = _unused_name(saver.path, "ahead")
    try:
        saver.copy_to(backup)
    except BaseException:
        backup.unlink(missing_ok=True)
        raise
    say(f"{FILE}: is ahead of the ledger or of another one; kept as {backup.name}; the run goes on from what fits")
    saver.delete(checkpoints, writes)


def _move_aside(path: Path, backup: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(backup.with_name(backup.name + suffix))


def _unused_name(path: Path, why: str) -> Path:
    number = 1
    while (backup := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    return backup
