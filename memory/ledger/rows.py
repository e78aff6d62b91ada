"""Defines the ledger's SQLite table: schema, connection settings and the hash chain over its rows.

Every row's `chain` is sha256(previous chain, seq, at, kind, key, payload), so a changed, removed or swapped row is
detected from there on. A chain alone can't show that someone with write access removed all rows from some point on.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Column, Engine, Float, Integer, MetaData, Table, Text, create_engine, event, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from memory.files import disk_errors
from memory.ledger.keys import canonical
from pelagos.facts.fact import INTENT

GENESIS = "0" * 64
READ_ONLY: dict[str, Any] = {"reads": True}
READER_WAIT_S = 30.0

metadata = MetaData()
events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("chain", Text, nullable=False),
)
IS_FACT = text(f"kind NOT LIKE '%{INTENT}'")
KIND_INDEX = "CREATE INDEX IF NOT EXISTS kinds ON events (kind, seq)"
SCHEMA = (
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


def connect(path: Path, *, read_only: bool = False) -> Engine:
    """Return an engine with one shared connection. A writer's transactions begin by taking SQLite's write lock, except
    those marked `READ_ONLY`."""
    address = sqlite_uri(path, "ro" if read_only else "rwc")
    engine = create_engine(
        "sqlite://",
        poolclass=StaticPool,
        creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False),
    )

    @event.listens_for(engine, "connect")
    def settings(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        waits = READER_WAIT_S if read_only else disk_errors.LOCK_WAIT_S
        raw.execute(f"PRAGMA busy_timeout={int(1000 * waits)}")
        if not read_only:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = read_only or connection.get_execution_options().get("reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def create_schema(connection: Connection) -> None:
    metadata.create_all(connection)
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)


def scan_rows(connection: Connection, after: int = 0) -> Iterator[Row]:
    """Yield all rows after `after` in order, unverified. Raises sqlalchemy's DatabaseError where the rest of the file
    can't be read."""
    for row in connection.execute(select(events).where(events.c.seq > after).order_by(events.c.seq)):
        yield Row(*row)


def has_position(connection: Connection, position: Position) -> bool:
    """Whether the ledger has the row of `position` with the same chain value. True for position 0, before the first
    row."""
    chain = connection.execute(select(events.c.chain).where(events.c.seq == position.seq)).scalar()
    return bool(chain == position.chain) if position.seq else position.chain == GENESIS


def continues_chain(row: Row, previous: str, seq: int) -> bool:
    """Whether `row` is the valid row number `seq` after the chain value `previous`."""
    return row.seq == seq and row.chain == chain_value(previous, *row[:5])
