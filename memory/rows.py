"""The ledger's table on SQLite: schema, connection settings and the hash chain over its rows.

Every row's `chain` is sha256(previous chain, seq, at, kind, key, payload), so a changed, removed or swapped row is
noticed from there on. What a chain alone can't show is a tail removed whole by someone with write access.
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

from memory import faults
from memory.keys import canonical

INTENT = ".intent"
GENESIS = "0" * 64
READS: dict[str, Any] = {"reads": True}
READER_WAITS_S = 30.0

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
KINDS = "CREATE INDEX IF NOT EXISTS kinds ON events (kind, seq)"
SCHEMA = (
    KINDS,
    f"CREATE UNIQUE INDEX facts ON events (kind, key) WHERE {IS_FACT}",
    "CREATE TRIGGER no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
)


class Row(NamedTuple):
    """One stored row, payload as its JSON text."""

    seq: int
    at: float
    kind: str
    key: str
    payload: str
    chain: str


def link(previous: str, seq: int, at: float, kind: str, key: str, payload: str) -> str:
    """The chain value of a row that follows `previous`."""
    return hashlib.sha256(canonical([previous, seq, at, kind, key, payload]).encode()).hexdigest()


def uri(path: Path, mode: str) -> str:
    """SQLite's address of a file (`mode` is ro, rw or rwc): `?`, `#` and `%` in a path mean themselves."""
    return f"{path.absolute().as_uri()}?mode={mode}"


def connect(path: Path, *, read_only: bool = False) -> Engine:
    """One shared connection; every transaction of a writer begins by taking SQLite's write lock, but for those that say
    they only read (`READS`)."""
    address = uri(path, "ro" if read_only else "rwc")
    engine = create_engine(
        "sqlite://",
        poolclass=StaticPool,
        creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False),
    )

    @event.listens_for(engine, "connect")
    def settings(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        waits = READER_WAITS_S if read_only else faults.WAIT_S
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


def scan(connection: Connection) -> Iterator[Row]:
    """All rows in order, unverified. Raises sqlalchemy's DatabaseError where the file can't be read further."""
    for row in connection.execute(select(events).order_by(events.c.seq)):
        yield Row(*row)


def follows(row: Row, previous: str, seq: int) -> bool:
    """Whether `row` is the rightful row number `seq` after the chain value `previous`."""
    return row.seq == seq and row.chain == link(previous, *row[:5])
