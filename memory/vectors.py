"""The bank's entries with their vectors, in a small SQLite file: a copy of what the runs' ledgers hold, to decide from.

Any process may add by a short transaction, and follows what the others add, learn and make anew. One embedder per
file: its id and dims are stored and never mixed.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from memory import faults
from memory.faults import on_database
from pelagos.errors import Locked, PelagosError

Vector = NDArray[np.float32]
REBUILD = "pelagos doctor --rebuild-bank"
MEND = f"make it anew with `{REBUILD}`: the runs' ledgers are the truth"
FIRST_ROOM = 256
FRESH = "lower(hex(randomblob(8)))"
NEXT = "(SELECT coalesce(max(changed), 0) + 1 FROM entries)"
SCHEMA = """
CREATE TABLE IF NOT EXISTS made (only INTEGER PRIMARY KEY CHECK (only = 1), embedder TEXT NOT NULL,
  dims INTEGER NOT NULL, epoch TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL,
  meta TEXT NOT NULL, vector BLOB NOT NULL, changed INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS changes ON entries (changed);
"""


class Entry(NamedTuple):
    """One hypothesis in the bank. `id` is unique over all runs of the project."""

    id: str
    text: str
    meta: dict[str, Any]


class Made(NamedTuple):
    """By which embedder the file's vectors were made; `epoch` is another each time the bank is made anew."""

    embedder: str
    dims: int
    epoch: str


class Held(NamedTuple):
    """Entries in the order they came, their vectors (n, dims), and a number per entry that tells its task."""

    entries: list[Entry]
    vectors: Vector
    tasks: NDArray[np.int32]
    codes: dict[str, int]
    epoch: str

    def of_task(self, task: str) -> NDArray[np.bool_]:
        return np.equal(self.tasks, self.codes.get(task, -1))

    def cosines(self, vector: Vector, rows: NDArray[np.intp] | None = None) -> Vector:
        """Of all entries, or of those in `rows`. Not by BLAS, whose threads wait for cores that experiments hold."""
        if not self.entries:
            return np.zeros(0, dtype=np.float32)
        against = self.vectors if rows is None else self.vectors[rows]
        return np.asarray(np.einsum("ij,j->i", against, vector), dtype=np.float32)


class VectorStore:
    """Thread-safe. Vectors are kept in memory too."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._path = path
        self._raw = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=faults.WAIT_S)
        self._forget(epoch="")
        try:
            # Switching to a write-ahead log waits for nobody: of two runs that open a new bank at once one would fail.
            with self._using(), FileLock(path.with_name(path.name + ".opening"), timeout=faults.WAIT_S):
                self._raw.execute("PRAGMA journal_mode=WAL")
                self._raw.executescript(SCHEMA)
        except Timeout as error:
            self._raw.close()
            raise Locked(str(path)) from error
        except PelagosError:
            self._raw.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._raw.close()

    def made(self) -> Made | None:
        """None where no embedder is named yet."""
        with self._using():
            row = self._raw.execute("SELECT embedder, dims, epoch FROM made").fetchone()
        return Made(*row) if row else None

    def claim(self, embedder: str, dims: int) -> Made:
        """Name the embedder if none is named yet. Returns the one that is."""
        with self._using():
            self._raw.execute(f"INSERT OR IGNORE INTO made VALUES (1, ?, ?, {FRESH})", (embedder, dims))  # noqa: S608 - ours
            return Made(*self._raw.execute("SELECT embedder, dims, epoch FROM made").fetchone())

    def add(self, entry: Entry, vector: Vector, allowed: Callable[[], bool]) -> None:
        """Keep an entry if it is `allowed`, asked while nobody else can write. One with its id stays as it is."""
        with self._using(), self._writing():
            if allowed():
                _insert(self._raw, entry, vector)

    def describe(self, id: str, meta: dict[str, Any]) -> None:
        """Add to an entry's meta."""
        with self._using():
            patch = f"UPDATE entries SET meta = json_patch(meta, ?), changed = {NEXT} WHERE id = ?"  # noqa: S608 - ours
            self._raw.execute(patch, (json.dumps(meta, sort_keys=True), id))

    def forget(self, ids: Iterable[str]) -> None:
        """Take entries out. Everybody who has the file open reads it anew."""
        with self._using(), self._writing():
            self._raw.executemany("DELETE FROM entries WHERE id = ?", [(id,) for id in ids])
            self._raw.execute(f"UPDATE made SET epoch = {FRESH}")  # noqa: S608 - ours

    def replace_all(self, embedder: str, dims: int, entries: Iterable[tuple[Entry, Vector]]) -> None:
        """Everything anew, in one transaction."""
        with self._using(), self._writing():
            self._raw.execute(f"INSERT OR REPLACE INTO made VALUES (1, ?, ?, {FRESH})", (embedder, dims))  # noqa: S608 - ours
            self._raw.execute("DELETE FROM entries")
            for entry, vector in entries:
                _insert(self._raw, entry, vector)

    def held(self) -> Held:
        """All there is now."""
        with self._using():
            self._follow()
            count = len(self._entries)
            return Held(list(self._entries), self._vectors[:count], self._tasks[:count], dict(self._codes), self._epoch)

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock, on_database(self._path, MEND):
            yield

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._raw.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._raw.execute("ROLLBACK")
            raise
        self._raw.execute("COMMIT")

    def _forget(self, epoch: str) -> None:
        self._entries: list[Entry] = []
        self._rows: dict[str, int] = {}
        self._vectors: Vector = np.zeros((0, 0), dtype=np.float32)
        self._tasks = np.zeros(0, dtype=np.int32)
        self._codes: dict[str, int] = {}
        self._changed, self._epoch = 0, epoch

    def _follow(self) -> None:
        """Take in what was added or learned since, by whomever; all of it where the bank was made anew."""
        with contextlib.nullcontext() if self._raw.in_transaction else self._reading():
            made = self._raw.execute("SELECT epoch FROM made").fetchone()
            if made and made[0] != self._epoch:
                self._forget(made[0])
            # "+n" keeps SQLite from reading the whole table in the order of n; the index of changes is short
            query = "SELECT id, text, meta, vector, changed FROM entries WHERE changed > ? ORDER BY +n"
            rows = self._raw.execute(query, (self._changed,)).fetchall()
        for id, text, meta, vector, changed in rows:
            self._take(Entry(id, text, json.loads(meta)), np.frombuffer(vector, dtype="<f4"))
            self._changed = max(self._changed, changed)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        self._raw.execute("BEGIN")
        try:
            yield
        finally:
            self._raw.execute("ROLLBACK")

    def _take(self, entry: Entry, vector: Vector) -> None:
        if entry.id in self._rows:
            self._entries[self._rows[entry.id]] = entry
            return
        row = self._rows[entry.id] = len(self._entries)
        if row == len(self._vectors):
            self._grow(len(vector))
        self._entries.append(entry)
        self._vectors[row] = vector
        self._tasks[row] = self._codes.setdefault(str(entry.meta.get("task", "")), len(self._codes))

    def _grow(self, dims: int) -> None:
        """Room for twice as many; what was handed out keeps the old arrays."""
        room = max(FIRST_ROOM, 2 * len(self._vectors))
        vectors, tasks = np.zeros((room, dims), dtype=np.float32), np.full(room, -1, dtype=np.int32)
        count = len(self._entries)
        if count:
            vectors[:count], tasks[:count] = self._vectors[:count], self._tasks[:count]
        self._vectors, self._tasks = vectors, tasks


def _insert(raw: sqlite3.Connection, entry: Entry, vector: Vector) -> None:
    values = (entry.id, entry.text, json.dumps(entry.meta, sort_keys=True), vector.astype("<f4").tobytes())
    raw.execute(f"INSERT OR IGNORE INTO entries (id, text, meta, vector, changed) VALUES (?, ?, ?, ?, {NEXT})", values)  # noqa: S608 - ours
