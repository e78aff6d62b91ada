"""Open-time check of a ledger file, and its repair: the verified prefix is kept, the damaged file is kept aside.

The order of the repair makes it safe to be killed in: copy the original aside, build the new file under another
name, mark it complete by a rename, and only then let it take the place. It doesn't recover rows behind the first bad
one: they can no longer be proved.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from memory import wal
from memory.faults import is_locked
from memory.filehold import FileHold
from memory.rows import GENESIS, Row, connect, create_schema, events, follows, scan
from pelagos.errors import DamagedRun

SECOND_LOOK_S = 0.2


def ensure(path: Path, hold: FileHold) -> str:
    """Make `path` a sound ledger, new or old. Returns what was damaged, '' if nothing was.

    Raises DamagedRun where a repair is needed and another process has the file open.
    """
    with hold.alone() as alone:
        if alone:
            _finish(path)
        if not path.exists():
            _create(path)
        good, fault = inspect(path)
        if fault and not alone:
            raise DamagedRun(f"{path}: {fault}; another process has it open: stop that one first, then it is repaired")
        return _repair(path, good, fault) if fault else ""


def inspect(path: Path) -> tuple[list[Row], str]:
    """The verified rows and what is wrong behind them ('' if nothing). Changes nothing in the file or its log.

    Raises sqlalchemy's DatabaseError where another process has locked it: that is no damage.
    """
    if path.stat().st_size == 0:
        return [], "the file is empty"
    good: list[Row] = []
    engine = connect(path, read_only=True)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA writable_schema=ON")  # else SQLite refuses a truncated file whole
            fault = _verify(connection, good)
            check = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
            torn = _torn(path)
    except DatabaseError as error:
        if error.orig is not None and is_locked(error.orig):
            raise
        return good, str(error.orig)
    finally:
        engine.dispose()
    return good, fault or torn or ("" if check == "ok" else " ".join(check.split()))


def _torn(path: Path) -> str:
    """A frame that another process is writing at this moment looks torn too, so a torn one is looked at twice."""
    if not wal.torn(path):
        return ""
    time.sleep(SECOND_LOOK_S)
    return wal.torn(path)


def _verify(connection: Connection, good: list[Row]) -> str:
    previous = GENESIS
    for row in scan(connection):
        if not follows(row, previous, len(good) + 1):
            return f"row {len(good) + 1} does not continue the hash chain"
        good.append(row)
        previous = row.chain
    return ""


def _create(path: Path) -> None:
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}-{threading.get_ident()}")
    build(fresh, [])
    with contextlib.suppress(FileExistsError):  # another process made it first: that one is the ledger
        os.link(fresh, path)
    fresh.unlink()


def _repair(path: Path, good: list[Row], fault: str) -> str:
    aside = _keep_aside(path)
    half = path.with_name(path.name + ".salvaging")
    half.unlink(missing_ok=True)
    build(half, good)
    half.rename(_salvaged(path))
    _finish(path)
    return f"{path.name}: {fault}; {len(good)} verified rows kept, the damaged file is {aside.name}"


def _keep_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        for suffix in ("-wal", ""):
            source = path.with_name(path.name + suffix)
            if source.exists():
                shutil.copy2(source, aside.with_name(aside.name + suffix))
    except OSError:
        for suffix in ("-wal", ""):  # half a copy helps nobody, and the original is untouched
            aside.with_name(aside.name + suffix).unlink(missing_ok=True)
        raise
    return aside


def build(path: Path, rows: list[Row]) -> None:
    """A complete ledger file with no WAL beside it, on disk when this returns."""
    engine = connect(path)
    try:
        with engine.begin() as connection:
            create_schema(connection)
            if rows:
                connection.execute(insert(events), [row._asdict() for row in rows])
    finally:
        engine.dispose()
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _salvaged(path: Path) -> Path:
    return path.with_name(path.name + ".salvaged")


def _finish(path: Path) -> None:
    """Put a completed repair in place. The old WAL goes first: SQLite would apply it to the new file."""
    if not _salvaged(path).exists():
        return
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    _salvaged(path).replace(path)
