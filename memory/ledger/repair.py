"""Checks a ledger file when it is opened, and repairs it: the verified prefix stays, the damaged file is kept as a
copy.

A kill during the repair is safe because of its order: copy the original, write the new file under another name, mark
it complete by a rename, and only then replace the original. Rows after the first bad one are not recovered: they can
no longer be verified.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from sqlite3 import DatabaseError

from memory.files.disk_errors import is_locked
from memory.files.shared_lock import SharedFileLock
from memory.ledger import verified_mark, wal
from memory.ledger.rows import (
    Position,
    Row,
    connect,
    continues_chain,
    create_schema,
    has_position,
    insert_rows,
    scan_rows,
    transaction,
)
from pelagos.errors import DamagedRun

RECHECK_AFTER_S = 0.2


def open_verified(path: Path, lock: SharedFileLock) -> tuple[str, Position]:
    """Make `path` a valid ledger, new or existing. Returns a description of the damage ('' if none) and the newest
    verified row.

    Raises DamagedRun where a repair is needed and another process has the file open.
    """
    with lock.exclusive() as is_exclusive:
        if is_exclusive:
            _finish_repair(path)
        if not path.exists():
            _create(path)
        since = verified_mark.trusted_position(path) if is_exclusive else verified_mark.START
        end, fault = check(path, since)
        if fault and since != verified_mark.START:
            end, fault = check(path)
        if fault and not is_exclusive:
            raise DamagedRun(f"{path}: {fault}; another process has it open: stop that one first, then it is repaired")
        damage = _repair(path, fault) if fault else ""
        if is_exclusive and end != since:
            verified_mark.write(path, end)
        return damage, end


def verify_and_mark(path: Path, since: Position) -> None:
    """Verify the rows after `since` and record how far the ledger is valid."""
    end, fault = check(path, since)
    if not fault:
        verified_mark.write(path, end)


def check(
    path: Path, since: Position = verified_mark.START, keep: Callable[[Row], object] = lambda row: None
) -> tuple[Position, str]:
    """Return the newest verified row and what is wrong after it ('' if nothing). Rows after `since` are verified and
    passed to `keep`, and the structure of the whole file is checked. Changes nothing in the file or its log.

    Raises sqlite3.DatabaseError where another process has locked the file: that is no damage.
    """
    if path.stat().st_size == 0:
        return verified_mark.START, "the file is empty"
    end, structure = since, "ok"
    try:
        with contextlib.closing(connect(path, read_only=True)) as connection, transaction(connection, ""):
            # otherwise SQLite refuses to read a truncated file at all
            connection.execute("PRAGMA writable_schema=ON")
            fault = "" if has_position(connection, since) else f"row {since.seq} is not the one that was verified"
            for row in scan_rows(connection, since.seq):
                if fault or not continues_chain(row, end.chain, end.seq + 1):
                    fault = fault or f"row {end.seq + 1} does not continue the hash chain"
                    break
                keep(row)
                end = Position(row.seq, row.chain)
            structure = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            torn = _damaged_tail(path)
    except DatabaseError as error:
        if is_locked(error):
            raise
        return end, str(error)
    return end, fault or torn or ("" if structure == "ok" else " ".join(structure.split()))


def verified_rows(path: Path) -> tuple[list[Row], str]:
    """Return all verified rows and what is wrong after them, as `check` finds it."""
    rows: list[Row] = []
    _, fault = check(path, keep=rows.append)
    return rows, fault


def _damaged_tail(path: Path) -> str:
    """Check the log twice where it looks damaged: a frame that another process is just writing looks damaged as
    well."""
    if not wal.damaged_tail(path):
        return ""
    time.sleep(RECHECK_AFTER_S)
    return wal.damaged_tail(path)


def _create(path: Path) -> None:
    new_file = path.with_name(f"{path.name}.new-{os.getpid()}-{threading.get_ident()}")
    new_file.unlink(missing_ok=True)
    try:
        write_ledger(new_file, [])
        with contextlib.suppress(FileExistsError):  # another process created the ledger first; use that one
            os.link(new_file, path)
    finally:
        new_file.unlink(missing_ok=True)


def _repair(path: Path, fault: str) -> str:
    copy, (rows, _) = _copy_damaged(path), verified_rows(path)
    unfinished = path.with_name(path.name + ".salvaging")
    unfinished.unlink(missing_ok=True)
    write_ledger(unfinished, rows)
    unfinished.rename(_repaired_path(path))
    _finish_repair(path)
    return f"{path.name}: {fault}; {len(rows)} verified rows kept, the damaged file is {copy.name}"


def _copy_damaged(path: Path) -> Path:
    number = 1
    while (copy := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        for suffix in ("-wal", ""):
            source = path.with_name(path.name + suffix)
            if source.exists():
                shutil.copy2(source, copy.with_name(copy.name + suffix))
    except OSError:
        for suffix in ("-wal", ""):  # an incomplete copy is useless, and the original is unchanged
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
        raise
    return copy


def write_ledger(path: Path, rows: list[Row]) -> None:
    """Write a complete ledger file with no WAL beside it; it is on disk when this returns."""
    with contextlib.closing(connect(path)) as connection, transaction(connection):
        create_schema(connection)
        insert_rows(connection, rows)
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _repaired_path(path: Path) -> Path:
    return path.with_name(path.name + ".salvaged")


def _finish_repair(path: Path) -> None:
    """Put a completed repair in place. The old WAL is removed first: SQLite would apply it to the new file."""
    if not _repaired_path(path).exists():
        return
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    _repaired_path(path).replace(path)
