"""LangGraph's checkpoints of a run: a SQLite file, strict about what it loads, pruned by us.

The saver stores the whole state with every checkpoint and has no working prune, so the graph's state holds ids and
counters only, and old checkpoints are deleted here. The ledger is the truth: a checkpoint that it doesn't cover
(`memory.resuming.saver`) and a damaged file are put aside; the graph goes on from the newest checkpoint that fits, or
starts over, and finds everything it already did in the ledger.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from memory import faults
from memory.ledger import Reader
from pelagos.errors import DamagedRun

if TYPE_CHECKING:
    from memory.resuming.saver import LedgerSaver

DURABILITY: Literal["sync"] = "sync"
FILE = "checkpoints.sqlite"
KEEP = 20


@contextlib.contextmanager
def open_checkpoints(ledger: Reader, say: Callable[[str], None], keep: int = KEEP) -> Iterator[LedgerSaver]:
    """The saver of the run whose ledger this is, pruned to the newest `keep` checkpoints at opening and at closing.

    `say` is told what was put aside. Raises Locked and DiskFull.
    """
    saver = _opened(ledger, say, keep)
    with contextlib.closing(saver.conn):
        _fit(saver, say)
        saver.prune_old()
        yield saver
        saver.prune_old()
        with saver.cursor(transaction=False) as cursor:
            cursor.execute("VACUUM")


def _opened(ledger: Reader, say: Callable[[str], None], keep: int) -> LedgerSaver:
    path = ledger.path.with_name(FILE)
    saver = _saver(path, ledger, keep)
    try:
        saver.check()
    except DamagedRun as damage:
        saver.conn.close()
        aside = _put_aside(path)
        fault = str(damage).removeprefix(f"{path}: ").partition("; ")[0]
        say(f"{FILE}: {fault}; kept as {aside.name}; the run begins at its first node and finds its facts")
        return _saver(path, ledger, keep)
    except BaseException:
        saver.conn.close()
        raise
    return saver


def _saver(path: Path, ledger: Reader, keep: int) -> LedgerSaver:
    from memory.resuming.saver import LedgerSaver

    path.touch(mode=0o600)
    path.chmod(0o600)
    return LedgerSaver(path, sqlite3.connect(path, check_same_thread=False, timeout=faults.WAIT_S), ledger, keep)


def _fit(saver: LedgerSaver, say: Callable[[str], None]) -> None:
    """Put aside what the ledger doesn't cover."""
    checkpoints, writes = saver.stray()
    if not checkpoints and not writes:
        return
    aside = _free(saver.path, "ahead")
    try:
        saver.copy(aside)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    saver.drop(checkpoints, writes)
    say(f"{FILE}: is ahead of the ledger or of another one; kept as {aside.name}; the run goes on from what fits")


def _put_aside(path: Path) -> Path:
    aside = _free(path, "damaged")
    for suffix in ("-wal", "-shm", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(aside.with_name(aside.name + suffix))
    return aside


def _free(path: Path, why: str) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    return aside
