"""The bank's entries with their vectors, in a small SQLite file: what novelty is decided from, exactly.

Any process may add by a short transaction. One embedder per file: its id and dims are stored and never mixed.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pelagos.errors import DamagedRun

Vector = NDArray[np.float32]
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
        self._raw = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        try:
            self._raw.execute("PRAGMA journal_mode=WAL")
            self._raw.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            self._raw.close()
            raise DamagedRun(f"{path}: {error}; the bank can be made anew from the runs' ledgers") from None
        self._forget()

    def close(self) -> None:
        with self._lock:
            self._raw.close()

    def embedder(self) -> tuple[str, int] | None:
        """Id and dims of the embedder that made the vectors, None where there are none yet."""
        with self._lock:
            row = self._raw.execute("SELECT id, dims FROM embedder").fetchone()
        return (row[0], row[1]) if row else None

    def claim(self, embedder_id: str, dims: int) -> tuple[str, int]:
        """Name the embedder if none is named yet. Returns the one that is."""
        with self._lock:
            self._raw.execute("INSERT OR IGNORE INTO embedder VALUES (1, ?, ?)", (embedder_id, dims))
            return self.embedder() or (embedder_id, dims)

    def add(self, entry: Entry, vector: Vector) -> None:
        """Keep an entry; one with the same id is already there and stays."""
        with self._lock:
            _insert(self._raw, entry, vector)

    def describe(self, id: str, meta: dict[str, Any]) -> None:
        """Add to an entry's meta. Other open stores see it when they are opened anew."""
        with self._lock:
            self._raw.execute(
                "UPDATE entries SET meta = json_patch(meta, ?) WHERE id = ?", (json.dumps(meta, sort_keys=True), id)
            )
            self._forget()

    def replace_all(self, embedder_id: str, dims: int, entries: Iterable[tuple[Entry, Vector]]) -> None:
        """Everything anew, in one transaction."""
        with self._lock:
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
        with self._lock:
            self._follow()
            return list(self._entries), self._vectors

    def _forget(self) -> None:
        self._entries: list[Entry] = []
        self._vectors: Vector = np.zeros((0, 0), dtype=np.float32)
        self._seen = 0

    def _follow(self) -> None:
        with contextlib.suppress(IndexError):
            if self._entries and self._first_id() != self._entries[0].id:
                self._forget()  # another process made the bank anew
        query = "SELECT n, id, text, meta, vector FROM entries WHERE n > ? ORDER BY n"
        rows = self._raw.execute(query, (self._seen,)).fetchall()
        if not rows:
            return
        self._seen = rows[-1][0]
        self._entries += [Entry(row[1], row[2], json.loads(row[3])) for row in rows]
        new = np.stack([np.frombuffer(row[4], dtype="<f4") for row in rows])
        self._vectors = np.concatenate([self._vectors, new]) if len(self._vectors) else new

    def _first_id(self) -> str:
        row = self._raw.execute("SELECT id FROM entries ORDER BY n LIMIT 1").fetchone()
        return str(row[0]) if row else ""


def _insert(raw: sqlite3.Connection, entry: Entry, vector: Vector) -> None:
    values = (entry.id, entry.text, json.dumps(entry.meta, sort_keys=True), vector.astype("<f4").tobytes())
    raw.execute("INSERT OR IGNORE INTO entries (id, text, meta, vector) VALUES (?, ?, ?, ?)", values)
