"""Defines the ledger's SQLite table: schema, connection settings and the hash chain over its rows.

Every row's `chain` is sha256(previous chain, seq, at, kind, key, payload), so a changed, removed or swapped row is
detected from there on. A chain alone can't show that someone with write access removed all rows from some point on.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from typing import Literal, NamedTuple

from memory.files import disk_errors
from memory.ledger.keys import canonical
from pelagos.facts.fact import INTENT

GENESIS = "0" * 64
READER_WAIT_S = 30.0

COLUMNS = "seq, at, kind, key, payload, chain"
IS_FACT = f"kind NOT LIKE '%{INTENT}'"
KIND_INDEX = "CREATE INDEX IF NOT EXISTS kinds ON events (kind, seq)"
SCHEMA = (
    """CREATE TABLE events (seq INTEGER NOT NULL PRIMARY KEY, at FLOAT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    payload TEXT NOT NULL, chain TEXT NOT NULL)""",
    KIND_INDEX,
    f"CREATE UNIQUE INDEX facts ON events (kind, key) WHERE {IS_FACT}",
    "CREATE TRIGGER no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
)


class Position(NamedTuple):
    """A place in a ledger: the number of the newest row at that time (0: no row) and its chain value."""

    seq: int
    chain: str


class Row(NamedTuple):
    """One stored row; `payload` is JSON text."""

    seq: int
    at: float
    kind: str
    key: str
    payload: str
    chain: str


def chain_value(previous: str, seq: int, at: float, kind: str, key: str, payload: str) -> str:
    """Return the chain value of a row that follows the chain value `previous`."""
    return hashlib.sha256(canonical([previous, seq, at, kind, key, payload]).encode()).hexdigest()


def sqlite_uri(path: Path, mode: str) -> str:
    """Return SQLite's URI of a file (`mode` is ro, rw or rwc); `?`, `#` and `%` in the path are escaped."""
    return f"{path.absolute().as_uri()}?mode={mode}"


def connect(path: Path, *, read_only: bool = False) -> Connection:
    """Return a connection that begins no transaction by itself (see `transaction`). Threads may share it, one at a
    time. Raises sqlite3.DatabaseError where the file can't be opened."""
    address = sqlite_uri(path, "ro" if read_only else "rwc")
    wait_s = READER_WAIT_S if read_only else disk_errors.LOCK_WAIT_S
    connection = sqlite3.connect(address, wait_s, uri=True, check_same_thread=False, isolation_level=None)
    if not read_only:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: Connection, lock: Literal["", "IMMEDIATE"] = "IMMEDIATE") -> Iterator[Connection]:
    """Commit what is done within, or roll it back where it raises. A writer's takes SQLite's write lock at once; one
    with the lock "" only reads, and blocks no writer."""
    with connection:
        connection.execute(f"BEGIN {lock}")
        yield connection


def create_schema(connection: Connection) -> None:
    for statement in SCHEMA:
        connection.execute(statement)


def insert_rows(connection: Connection, rows: Iterable[Row]) -> None:
    connection.executemany(f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608 - ours


def scan_rows(connection: Connection, after: int = 0) -> Iterator[Row]:
    """Yield all rows after `after` in order, unverified. Raises sqlite3.DatabaseError where the rest of the file can't
    be read."""
    query = f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq"  # noqa: S608 - ours
    for row in connection.execute(query, (after,)):
        yield Row(*row)


def find_chain(connection: Connection, seq: int) -> str:
    """Return the chain value of a row, that before the first row for 0, and "" where there is no such row."""
    if not seq:
        return GENESIS
    found = connection.execute("SELECT chain FROM events WHERE seq = ?", (seq,)).fetchone()
    return str(found[0]) if found else ""


def has_position(connection: Connection, position: Position) -> bool:
    """Whether the ledger has the row of `position` with the same chain value. True for position 0, before the first
    row."""
    return find_chain(connection, position.seq) == position.chain


def continues_chain(row: Row, previous: str, seq: int) -> bool:
    """Whether `row` is the valid row number `seq` after the chain value `previous`."""
    return row.seq == seq and row.chain == chain_value(previous, *row[:5])
