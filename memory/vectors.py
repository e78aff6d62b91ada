"""The bank's entries with their vectors, in a small SQLite file: what novelty is decided from, exactly.

Any process may add by a short transaction. One embedder per file: its id and dims are stored and never mixed.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.faults import on_database
from pelagos.errors import PelagosError

Vector = NDArray[np.float32]
REBUILD = "pelagos doctor --rebuild-bank"
MEND = f"delete it and run `{REBUILD}`: the runs' ledgers are the truth"
SCHEMA = """
CREATE TABLE IF NOT EXISTS embedder (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL,
  dims INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entries (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL,
  meta TEXT NOT NULL, vector BLOB NOT NULL);
"""


class Entry(NamedTuple):
    """One hypothesis in the bank. `id` is unique over all runs of the project."""

    id: str
    text: str
    meta: dict[str, Any]


class VectorStore:
    """Thread-safe. Vectors are kept in memory too and followed as other processes add."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._path, self._version = path, -1
        self._raw = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._forget()
        try:
            with self._using():
                self._raw.execute("PRAGMA journal_mode=WAL")
                self._raw.executescript(SCHEMA)
        except PelagosError:
            self._raw.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._raw.close()

    def embedder(self) -> tuple[str, int] | None:
        """Id and dims of the embedder that made the vectors, None where there are none yet."""
        with self._using():
            row = self._raw.execute("SELECT id, dims FROM embedder").fetchone()
        return (row[0], row[1]) if row else None

    def claim(self, embedder_id: str, dims: int) -> tuple[str, int]:
        """Name the embedder if none is named yet. Returns the one that is."""
        with self._using():
            self._raw.execute("INSERT OR IGNORE INTO embedder VALUES (1, ?, ?)", (embedder_id, dims))
            return self.embedder() or (embedder_id, dims)

    def add(self, entry: Entry, vector: Vector) -> None:
        """Keep an entry; one with the same id is already there and stays."""
        with self._using():
            _insert(self._raw, entry, vector)

    def describe(self, id: str, meta: dict[str, Any]) -> None:
        """Add to an entry's meta."""
        with self._using():
            self._raw.execute(
                "UPDATE entries SET meta = json_patch(meta, ?) WHERE id = ?", (json.dumps(meta, sort_keys=True), id)
            )
            self._forget()

    def replace_all(self, embedder_id: str, dims: int, entries: Iterable[tuple[Entry, Vector]]) -> None:
        """Everything anew, in one transaction."""
        with self._using():
            self._raw.execute("BEGIN IMMEDIATE")
            try:
                self._raw.execute("DELETE FROM entries")
                self._raw.execute("INSERT OR REPLACE INTO embedder VALUES (1, ?, ?)", (embedder_id, dims))
                for entry, vector in entries:
                    _insert(self._raw, entry, vector)
            except BaseException:
                self._raw.execute("ROLLBACK")
                raise
            self._raw.execute("COMMIT")
            self._forget()

    def all(self) -> tuple[list[Entry], Vector]:
        """The entries in the order they came, and their vectors (n, dims)."""
        with self._using():
            self._follow()
            return list(self._entries), self._vectors

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock, on_database(self._path, MEND):
            yield

    def _forget(self) -> None:
        self._entries: list[Entry] = []
        self._vectors: Vector = np.zeros((0, 0), dtype=np.float32)
        self._seen = 0

    def _follow(self) -> None:
        version = self._raw.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._forget()  # another process added, learned or made everything anew
            self._version = version
        query = "SELECT n, id, text, meta, vector FROM entries WHERE n > ? ORDER BY n"
        rows = self._raw.execute(query, (self._seen,)).fetchall()
        if not rows:
            return
        self._seen = rows[-1][0]
        self._entries += [Entry(row[1], row[2], json.loads(row[3])) for row in rows]
        new = np.stack([np.frombuffer(row[4], dtype="<f4") for row in rows])
        self._vectors = np.concatenate([self._vectors, new]) if len(self._vectors) else new


def _insert(raw: sqlite3.Connection, entry: Entry, vector: Vector) -> None:
    values = (entry.id, entry.text, json.dumps(entry.meta, sort_keys=True), vector.astype("<f4").tobytes())
    raw.execute("INSERT OR IGNORE INTO entries (id, text, meta, vector) VALUES (?, ?, ?, ?)", values)
