"""The ledger: the append-only record of a run and the only truth. Everything else can be rebuilt from it.

Facts are unique per (kind, key); intents (`kind + ".intent"`) may repeat. Rows are hash-chained (`memory.rows`), the
file is checked and, where needed, repaired at opening (`memory.salvage`). Several processes may append: each append
is one short transaction. It doesn't say who drives the run: `memory.controller` does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, insert, select
from sqlalchemy.engine import Connection

from memory import salvage
from memory.faults import on_database
from memory.filehold import FileHold
from memory.keys import canonical, read_payload
from memory.rows import GENESIS, INTENT, IS_FACT, KINDS, READS, Row, connect, events, link
from pelagos.errors import BadInput

LAST = "SELECT max(seq) FROM events"


class Event(NamedTuple):
    """One row: its number from 1, seconds since the epoch, kind, key and JSON payload."""

    seq: int
    at: float
    kind: str
    key: str
    payload: dict[str, Any]


class Position(NamedTuple):
    """A place in a ledger: the number of its newest row then, 0 where there was none, and the chain value there."""

    seq: int
    chain: str


class Reader:
    """The reading half, for any process and thread."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        self._lock = threading.RLock()

    def close(self) -> None:
        with self._lock:
            self._engine.dispose()

    def find(self, kind: str, key: str) -> dict[str, Any] | None:
        """The payload of the fact (kind, key), or None."""
        found = self.event(kind, key)
        return found.payload if found else None

    def event(self, kind: str, key: str) -> Event | None:
        """The row of the fact (kind, key), or None."""
        with self._reading() as connection:
            return _fact(connection, kind, key)

    def last(self) -> int:
        """The number of the newest row, 0 where there is none. Asked before every look at a run's facts, so it goes
        without a transaction."""
        with self._lock, _guarded(self.path), closing(self._engine.raw_connection()) as raw:
            return int(raw.cursor().execute(LAST).fetchone()[0] or 0)

    def position(self) -> Position:
        """Where the ledger ends now."""
        with self._reading() as connection:
            return _end(connection)

    def holds(self, position: Position) -> bool:
        """Whether this ledger was once at `position`: it has that row, on that chain. An empty one is nobody's."""
        query = select(events.c.chain).where(events.c.seq == position.seq)
        with self._reading() as connection:
            chain = connection.execute(query).scalar()
        return bool(chain == position.chain)

    def events(
        self, kind: str | None = None, after: int = 0, kinds: Collection[str] | None = None, limit: int | None = None
    ) -> list[Event]:
        """Events with `seq > after` in order, of one kind, of some or of all; the first `limit` of them."""
        query = select(events).where(events.c.seq > after).order_by(events.c.seq).limit(limit)
        wanted = [kind] if kind is not None else kinds
        if wanted is not None:
            query = query.where(events.c.kind.in_(list(wanted)))
        with self._reading() as connection:
            return [_event(Row(*row)) for row in connection.execute(query)]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Takes no write lock: who reads keeps nobody from writing."""
        with self._lock, _guarded(self.path), self._engine.connect() as connection:
            yield connection.execution_options(**READS)


class Ledger(Reader):
    """The whole ledger. `damage` is '' or says what was cut at opening and where the damaged file is kept."""

    def __init__(self, path: Path, engine: Engine, hold: FileHold, damage: str) -> None:
        super().__init__(path, engine)
        self._hold = hold
        self.damage = damage
        self._watchers: list[Callable[[Event], None]] = []

    @classmethod
    def open(cls, path: Path | str) -> Ledger:
        """Open or create. A damaged file is repaired to its good prefix and kept aside.

        Raises DiskFull, and DamagedRun where it is damaged while another process has it open.
        """
        path = Path(path)
        with _guarded(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            hold = FileHold(path)
            try:
                damage = salvage.ensure(path, hold)
                engine = connect(path)
                with engine.begin() as connection:
                    connection.exec_driver_sql(KINDS)  # a ledger of an earlier version lacks it
                return cls(path, engine, hold, damage)
            except BaseException:
                hold.release()
                raise

    def close(self) -> None:
        super().close()
        self._hold.release()

    @classmethod
    def read(cls, path: Path | str) -> Reader:
        """Open for reading only, beside a running controller. Nothing is checked or repaired. Raises BadInput."""
        path = Path(path)
        if not path.is_file():
            raise BadInput(f"{path}: no ledger here; give the folder of a run")
        return Reader(path, connect(path, read_only=True))

    def append(self, kind: str, key: str, payload: dict[str, Any]) -> Event:
        """Record a fact. At most one per (kind, key): a second append changes nothing and returns the first.

        Raises ValueError or TypeError for a payload that is not JSON, DiskFull where the disk is full.
        """
        return self._write(kind, key, canonical(payload), unique=True)

    def intend(self, kind: str, key: str, payload: dict[str, Any]) -> Event:
        """Record that a side effect is about to happen. May repeat."""
        return self._write(kind + INTENT, key, canonical(payload), unique=False)

    def watch(self, callback: Callable[[Event], None]) -> None:
        """Call back for each event this object appends, in the appending thread, after it is on disk."""
        self._watchers.append(callback)

    def _write(self, kind: str, key: str, payload: str, *, unique: bool) -> Event:
        with self._lock, _guarded(self.path), self._engine.begin() as connection:
            first = _fact(connection, kind, key) if unique else None
            if first is not None:
                return first
            event = _event(_add(connection, kind, key, payload))
        for callback in self._watchers:
            callback(event)
        return event


def _fact(connection: Connection, kind: str, key: str) -> Event | None:
    """The index of facts leaves out intents, so SQLite uses it only where the query says that it does, too."""
    query = select(events).where(events.c.kind == kind, events.c.key == key, IS_FACT).limit(1)
    row = connection.execute(query).first()
    return _event(Row(*row)) if row else None


def _end(connection: Connection) -> Position:
    last = connection.execute(select(events.c.seq, events.c.chain).order_by(events.c.seq.desc()).limit(1)).first()
    return Position(*last) if last else Position(0, GENESIS)


def _add(connection: Connection, kind: str, key: str, payload: str) -> Row:
    last = _end(connection)
    seq, at = last.seq + 1, time.time()
    row = Row(seq, at, kind, key, payload, link(last.chain, seq, at, kind, key, payload))
    connection.execute(insert(events), row._asdict())
    return row


def _event(row: Row) -> Event:
    return Event(row.seq, row.at, row.kind, row.key, read_payload(row.payload))


def _guarded(path: Path) -> AbstractContextManager[None]:
    return on_database(path, "nothing was changed; `pelagos resume` keeps what can be verified")
