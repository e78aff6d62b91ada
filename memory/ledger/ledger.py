"""The ledger: the append-only record of a run and the only source of truth. Everything else can be rebuilt from it.

Facts are unique per (kind, key); intents (`kind + ".intent"`) may repeat. Rows are hash-chained
(`memory.ledger.rows`), and the file is checked and, where needed, repaired when it is opened (`memory.ledger.repair`);
rows that were verified and not changed since aren't verified again (`memory.ledger.verified_mark`). Several processes
may append: each append is one short transaction. The ledger doesn't say who drives the run: `memory.files.run_lock`
does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from memory.files.disk_errors import translate_database_errors
from memory.files.shared_lock import SharedFileLock
from memory.ledger import repair, verified_mark
from memory.ledger.keys import canonical, parse_payload
from memory.ledger.rows import (
    COLUMNS,
    GENESIS,
    IS_FACT,
    KIND_INDEX,
    Position,
    Row,
    chain_value,
    connect,
    has_position,
    insert_rows,
    transaction,
)
from pelagos.errors import BadInput, DamagedRun, DiskFull, Locked
from pelagos.facts.fact import INTENT, dump_payload, find_kind
from pelagos.facts.reader import describe_unreadable, read

R = TypeVar("R", bound=BaseModel)

LAST_SEQ_SQL = "SELECT max(seq) FROM events"
FIND_FACT = f"SELECT {COLUMNS} FROM events WHERE kind = ? AND key = ? AND {IS_FACT} LIMIT 1"  # noqa: S608 - ours
FIND_END = "SELECT seq, chain FROM events ORDER BY seq DESC LIMIT 1"


class Event(NamedTuple):
    """One row: its number from 1, seconds since the epoch, kind, key and JSON payload."""

    seq: int
    at: float
    kind: str
    key: str
    payload: dict[str, Any]


class Reader:
    """Read access, for any process and thread."""

    def __init__(self, path: Path, connection: Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def find(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return the payload of the fact (kind, key), or None."""
        event = self.event(kind, key)
        return event.payload if event else None

    def event(self, kind: str, key: str) -> Event | None:
        """Return the row of the fact (kind, key), or None."""
        with self.reading() as connection:
            return _fact(connection, kind, key)

    def fact(self, record: type[R], key: str) -> R | None:
        """The fact of a kind under `key`, as a record, or None. Raises BadInput where another version wrote what this
        one can't read."""
        found = self.event(find_kind(record), key)
        return None if found is None else self._made(record, found)

    def facts(self, record: type[R], after: int = 0) -> dict[str, R]:
        """Key -> fact, all of a kind in the order of recording; those of rows with `seq > after`. Raises BadInput."""
        return {event.key: self._made(record, event) for event in self.events(find_kind(record), after)}

    def _made(self, record: type[R], event: Event) -> R:
        try:
            return read(record, event.payload)
        except ValidationError as error:
            raise describe_unreadable(str(self.path), event.seq, event.kind, error) from None

    def last_seq(self) -> int:
        """Return the number of the newest row, 0 where there is none. It is called before every access to a run's
        facts, so it uses no transaction."""
        with self._lock, _translate_errors(self.path):
            return int(self._connection.execute(LAST_SEQ_SQL).fetchone()[0] or 0)

    def position(self) -> Position:
        """Return where the ledger ends now."""
        with self.reading() as connection:
            return _end(connection)

    def has_position(self, position: Position) -> bool:
        """Whether this ledger was once at `position`: it has that row with that chain value. False for an empty
        ledger."""
        with self.reading() as connection:
            return bool(position.seq) and has_position(connection, position)

    def events(
        self, kind: str | None = None, after: int = 0, kinds: Collection[str] | None = None, limit: int | None = None
    ) -> list[Event]:
        """Return events with `seq > after` in order, of one kind, of several kinds or of all; at most `limit`."""
        wanted = [kind] if kind is not None else kinds
        of_kinds = "" if wanted is None else f"AND kind IN ({', '.join('?' * len(wanted))})"
        query = f"SELECT {COLUMNS} FROM events WHERE seq > ? {of_kinds} ORDER BY seq LIMIT ?"  # noqa: S608 - ours
        given = (after, *(wanted or ()), -1 if limit is None else limit)
        with self.reading() as connection:
            return [_event(Row(*row)) for row in connection.execute(query, given)]

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection without a write lock, so that readers block no writer."""
        with self._lock, _translate_errors(self.path), transaction(self._connection, "") as connection:
            yield connection


class Ledger(Reader):
    """Read and write access. `damage` is '', or says what was cut off at opening and where the damaged file is kept."""

    def __init__(
        self, path: Path, connection: Connection, file_lock: SharedFileLock, damage: str, end: Position
    ) -> None:
        super().__init__(path, connection)
        self._file_lock, self._verified = file_lock, end
        self.damage = damage
        self._watchers: list[Callable[[Event], None]] = []

    @classmethod
    def open(cls, path: Path | str) -> Ledger:
        """Open or create. A damaged file is repaired to its valid prefix and kept as a copy. All rows are verified,
        except those that were verified before and can't have changed since.

        Raises DiskFull, and DamagedRun where the file is damaged while another process has it open.
        """
        path = Path(path)
        with _translate_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            file_lock = SharedFileLock(path)
            try:
                damage, end = repair.open_verified(path, file_lock)
                connection = connect(path)
                connection.execute(KIND_INDEX)  # ledgers of earlier versions lack it
                return cls(path, connection, file_lock, damage, end)
            except BaseException:
                file_lock.release()
                raise

    def close(self) -> None:
        """Close. The last process to close verifies the rows added since it was opened and writes a mark; where it
        can't, the next opening verifies all rows."""
        with self._lock, self._file_lock.exclusive() as alone:
            super().close()
            if alone and verified_mark.has_no_log(self.path):
                with suppress(DiskFull, DamagedRun, Locked), _translate_errors(self.path):
                    repair.verify_and_mark(self.path, self._verified)
        self._file_lock.release()

    @classmethod
    def read(cls, path: Path | str) -> Reader:
        """Open for reading only, beside a running controller. Nothing is checked or repaired. Raises BadInput."""
        path = Path(path)
        if not path.is_file():
            raise BadInput(f"{path}: no ledger here; give the folder of a run")
        return Reader(path, connect_read_only(path))

    def append(self, kind: str, key: str, payload: dict[str, Any]) -> Event:
        """Record a fact. There is at most one per (kind, key): a second append changes nothing and returns the first.

        Raises ValueError or TypeError for a payload that is not JSON, DiskFull where the disk is full.
        """
        return self._write(kind, key, canonical(payload), unique=True)

    def record(self, fact: R, key: str) -> R:
        """Append a record; returns the one that holds."""
        return read(type(fact), self.append(find_kind(type(fact)), key, dump_payload(fact)).payload)

    def intend(self, kind: str, key: str, payload: dict[str, Any]) -> Event:
        """Record that a side effect is about to happen. May repeat."""
        return self._write(kind + INTENT, key, canonical(payload), unique=False)

    def watch(self, callback: Callable[[Event], None]) -> None:
        """Call `callback` for each event that this object appends, in the appending thread, after it is on disk."""
        self._watchers.append(callback)

    def _write(self, kind: str, key: str, payload: str, *, unique: bool) -> Event:
        with self._lock, _translate_errors(self.path), transaction(self._connection) as connection:
            first = _fact(connection, kind, key) if unique else None
            if first is not None:
                return first
            event = _event(_add(connection, kind, key, payload))
        for callback in self._watchers:
            callback(event)
        return event


def connect_read_only(path: Path) -> Connection:
    """Return a connection that can't write. Raises DamagedRun where the file can't be opened."""
    with _translate_errors(path):
        return connect(path, read_only=True)


def _fact(connection: Connection, kind: str, key: str) -> Event | None:
    """Find a fact. The index of facts leaves out intents, so SQLite uses it only where the query excludes them, too."""
    row = connection.execute(FIND_FACT, (kind, key)).fetchone()
    return _event(Row(*row)) if row else None


def _end(connection: Connection) -> Position:
    last = connection.execute(FIND_END).fetchone()
    return Position(*last) if last else Position(0, GENESIS)


def _add(connection: Connection, kind: str, key: str, payload: str) -> Row:
    last = _end(connection)
    seq, at = last.seq + 1, time.time()
    row = Row(seq, at, kind, key, payload, chain_value(last.chain, seq, at, kind, key, payload))
    insert_rows(connection, [row])
    return row


def _event(row: Row) -> Event:
    return Event(row.seq, row.at, row.kind, row.key, parse_payload(row.payload))


def _translate_errors(path: Path) -> AbstractContextManager[None]:
    return translate_database_errors(path, "nothing was changed; `pelagos resume` keeps what can be verified")
