"""Stores the bank's entries with their vectors in a small SQLite file: a copy of what the runs' ledgers hold, for
decisions.

Any process may add entries in a short transaction, and sees what the others add, learn and rebuild. A file belongs to
one embedder: its id and its dimensions are stored, and vectors of two embedders are never mixed. The ids and the
numbers by which entries are chosen are held in memory, the vectors in a file of their own for reading in blocks; an
entry's text and metadata are read when it was chosen.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from memory.bank.lesson_status import LessonStatus, effect_of, lesson_status, surprise
from memory.bank.vector_file import Vector, VectorFile
from memory.files import disk_errors
from memory.files.disk_errors import translate_database_errors
from pelagos.errors import Locked, PelagosError

REBUILD_COMMAND = "pelagos doctor --rebuild-bank"
REMEDY = f"make it anew with `{REBUILD_COMMAND}`: the runs' ledgers are the truth"
INITIAL_CAPACITY = 256
STATUSES = tuple(LessonStatus)
COLUMNS = np.dtype([("task", "i4"), ("status", "i1"), ("effect", "f8"), ("surprise", "f8")])
NEW_EPOCH = "lower(hex(randomblob(8)))"
NEXT_CHANGE = "(SELECT coalesce(max(changed), 0) + 1 FROM entries)"
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


class BankHeader(NamedTuple):
    """The embedder that made the file's vectors. `epoch` changes each time the bank is rebuilt."""

    embedder: str
    dims: int
    epoch: str


class BankSnapshot(NamedTuple):
    """All `size` entries at one moment: ids in the order of insertion, and `columns` (size, COLUMNS): the number of
    the task, the index of the lesson status in STATUSES, the measured effect (NaN: none) and the surprise. The rows of
    `vectors` belong to the ids; later ones may follow in both."""

    size: int
    ids: Sequence[str]
    vectors: VectorFile
    columns: NDArray[np.void]
    codes: dict[str, int]
    epoch: str

    def in_task(self, task: str) -> NDArray[np.bool_]:
        """Return a mask (n,) of the entries of a task."""
        return np.asarray(self.columns["task"] == self.codes.get(task, -1), dtype=np.bool_)

    def with_status(self, *statuses: LessonStatus) -> NDArray[np.bool_]:
        """Return a mask (n,) of the entries with one of the statuses."""
        return np.isin(self.columns["status"], [STATUSES.index(status) for status in statuses])

    def cosines(self, queries: Vector) -> Vector:
        """Return the cosines (q, n) of the queries (q, dims) to all entries."""
        return self.vectors.cosines(queries, self.size)

    def list_ids(self) -> list[str]:
        return list(islice(self.ids, self.size))


class VectorStore:
    """Thread-safe access to the file."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._path = path
        self._raw = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, timeout=disk_errors.LOCK_WAIT_S
        )
        self._reset(epoch="")
        try:
            # SQLite does not wait when it switches to a write-ahead log: where two runs open a new bank at once, one
            # would fail.
            with self._locked(), FileLock(path.with_name(path.name + ".opening"), timeout=disk_errors.LOCK_WAIT_S):
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

    def header(self) -> BankHeader | None:
        """Return the header, None where no embedder is registered yet."""
        with self._locked():
            row = self._raw.execute("SELECT embedder, dims, epoch FROM made").fetchone()
        return BankHeader(*row) if row else None

    def register_embedder(self, embedder: str, dims: int) -> BankHeader:
        """Register the embedder unless one is registered. Return the header in force."""
        with self._locked():
            self._raw.execute(f"INSERT OR IGNORE INTO made VALUES (1, ?, ?, {NEW_EPOCH})", (embedder, dims))  # noqa: S608 - ours
            return BankHeader(*self._raw.execute("SELECT embedder, dims, epoch FROM made").fetchone())

    def add(self, entry: Entry, vector: Vector, allowed: Callable[[], bool]) -> None:
        """Add an entry if `allowed` returns true; it is called while nobody else can write. An existing entry with
        this id is unchanged."""
        with self._locked(), self._write_transaction():
            if allowed():
                _insert(self._raw, entry, vector)

    def update_meta(self, id: str, meta: dict[str, Any]) -> None:
        """Merge `meta` into an entry's metadata."""
        with self._locked():
            patch = f"UPDATE entries SET meta = json_patch(meta, ?), changed = {NEXT_CHANGE} WHERE id = ?"  # noqa: S608 - ours
            self._raw.execute(patch, (json.dumps(meta, sort_keys=True), id))

    def remove(self, ids: Iterable[str]) -> None:
        """Remove entries. Every process that has the file open then reads it again."""
        with self._locked(), self._write_transaction():
            self._raw.executemany("DELETE FROM entries WHERE id = ?", [(id,) for id in ids])
            self._raw.execute(f"UPDATE made SET epoch = {NEW_EPOCH}")  # noqa: S608 - ours

    def replace_all(self, embedder: str, dims: int, entries: Iterable[tuple[Entry, Vector]]) -> None:
        """Replace the header and all entries in one transaction."""
        with self._locked(), self._write_transaction():
            self._raw.execute(f"INSERT OR REPLACE INTO made VALUES (1, ?, ?, {NEW_EPOCH})", (embedder, dims))  # noqa: S608 - ours
            self._raw.execute("DELETE FROM entries")
            for entry, vector in entries:
                _insert(self._raw, entry, vector)

    def snapshot(self) -> BankSnapshot:
        """Return all current entries."""
        with self._locked():
            self._sync()
            count = len(self._ids)
            columns = self._columns[:count].copy()  # a later lesson changes them in place
            return BankSnapshot(count, self._ids, self._vectors, columns, dict(self._codes), self._epoch)

    def entry(self, id: str) -> Entry | None:
        """Return an entry, None where it was removed."""
        with self._locked():
            row = self._raw.execute("SELECT id, text, meta FROM entries WHERE id = ?", (id,)).fetchone()
        return Entry(row[0], row[1], json.loads(row[2])) if row else None

    def ids_of_run(self, run: str) -> list[str]:
        """Return the ids of the entries of a run, in the order of insertion."""
        query = "SELECT id FROM entries WHERE json_extract(meta, '$.run') = ? ORDER BY n"
        with self._locked():
            return [row[0] for row in self._raw.execute(query, (run,))]

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock, translate_database_errors(self._path, REMEDY):
            yield

    @contextlib.contextmanager
    def _write_transaction(self) -> Iterator[None]:
        self._raw.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._raw.execute("ROLLBACK")
            raise
        self._raw.execute("COMMIT")

    def _reset(self, epoch: str) -> None:
        self._ids: list[str] = []
        self._candidate_rows: dict[str, int] = {}
        self._vectors = VectorFile(self._path.parent)
        self._columns = np.zeros(0, dtype=COLUMNS)
        self._codes: dict[str, int] = {}
        self._changed, self._epoch = 0, epoch

    def _sync(self) -> None:
        """Load what any process has added or changed since the last call; load everything where the bank was
        rebuilt."""
        with contextlib.nullcontext() if self._raw.in_transaction else self._read_transaction():
            header = self._raw.execute("SELECT epoch FROM made").fetchone()
            if header and header[0] != self._epoch:
                self._reset(header[0])
            # "+n" keeps SQLite from reading the whole table in the order of n; the index of changes is short
            query = "SELECT id, meta, vector, changed FROM entries WHERE changed > ? ORDER BY +n"
            for id, meta, vector, changed in self._raw.execute(query, (self._changed,)):
                self._store_row(id, json.loads(meta), np.frombuffer(vector, dtype="<f4"))
                self._changed = max(self._changed, changed)

    @contextlib.contextmanager
    def _read_transaction(self) -> Iterator[None]:
        self._raw.execute("BEGIN")
        try:
            yield
        finally:
            self._raw.execute("ROLLBACK")

    def _store_row(self, id: str, meta: dict[str, Any], vector: Vector) -> None:
        row = self._candidate_rows.setdefault(id, len(self._ids))
        if row == len(self._ids):
            self._vectors.add(vector)
            self._ids.append(id)
        if row == len(self._columns):
            self._columns = np.resize(self._columns, max(INITIAL_CAPACITY, 2 * row))
        task = self._codes.setdefault(str(meta.get("task", "")), len(self._codes))
        effect = effect_of(meta)
        found = (effect.value if effect else float("nan"), surprise(effect, meta.get("predicted_effect")))
        self._columns[row] = task, STATUSES.index(lesson_status(meta)), *found


def _insert(raw: sqlite3.Connection, entry: Entry, vector: Vector) -> None:
    values = (entry.id, entry.text, json.dumps(entry.meta, sort_keys=True), vector.astype("<f4").tobytes())
    columns = "id, text, meta, vector, changed"
    raw.execute(f"INSERT OR IGNORE INTO entries ({columns}) VALUES (?, ?, ?, ?, {NEXT_CHANGE})", values)  # noqa: S608 - ours
