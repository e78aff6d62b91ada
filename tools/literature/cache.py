"""Caches literature in the user's cache folder: papers by id and version without expiry, texts of PDFs by hash, and
searches with their date. The cache is shared by all runs and processes and may be deleted at any time.

Nothing depends on it: if it can't be read, it is treated as empty; if it can't be written (locked by another process, a
full disk), this process stores nothing more. Both are reported."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock

from pelagos.nouns import Paper

FILE = "literature.sqlite"
DAY = 86_400.0
LOCK_TIMEOUT_S = 30.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS papers (id TEXT NOT NULL, version TEXT NOT NULL, paper TEXT NOT NULL,
  PRIMARY KEY (id, version));
CREATE TABLE IF NOT EXISTS searches (source TEXT NOT NULL, query TEXT NOT NULL, most INTEGER NOT NULL, at REAL NOT NULL,
  found TEXT NOT NULL, PRIMARY KEY (source, query, most));
CREATE TABLE IF NOT EXISTS texts (hash TEXT PRIMARY KEY, text TEXT NOT NULL);
"""


class Cache:
    """Thread-safe. A damaged file is replaced by a new one, since all of its content can be fetched again. `say` gets
    one message if the cache can't be used."""

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._say, self._fault = say, ""
        self._path = folder / FILE
        self._connection = self._open()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def find_search(self, source: str, query: str, limit: int, days: float | None) -> list[Paper] | None:
        """The papers of a stored search for at least `limit` papers; None if there is none or if it is older than
        `days` (None: any age). A timestamp more than a day in the future has no known age and does not count."""
        since, until = (0.0, math.inf) if days is None else (time.time() - days * DAY, time.time() + DAY)
        ask = (
            "SELECT found FROM searches WHERE source = ? AND query = ? AND most >= ? AND at BETWEEN ? AND ? "
            "ORDER BY at DESC"
        )
        row = self._fetch_first(ask, (source, query, limit, since, until))
        papers = [self.find_paper(id, version) for id, version in json.loads(row)] if row else [None]
        return None if None in papers else [paper for paper in papers if paper is not None][:limit]

    def store_search(self, source: str, query: str, limit: int, papers: list[Paper]) -> None:
        """Store a search and its papers."""
        rows = json.dumps([(paper.id, paper.version) for paper in papers])
        for paper in papers:
            self.store_paper(paper)
        self._execute(
            "INSERT OR REPLACE INTO searches VALUES (?, ?, ?, ?, ?)", (source, query, limit, time.time(), rows)
        )

    def find_paper(self, id: str, version: str) -> Paper | None:
        record = self._fetch_first("SELECT paper FROM papers WHERE id = ? AND version = ?", (id, version))
        return Paper.model_validate_json(record) if record else None

    def store_paper(self, paper: Paper) -> None:
        """Store the newest record of this version; a text that is cached already is kept."""
        with self._lock:
            cached = self.find_paper(paper.id, paper.version)
            merged = paper.model_copy(update={"text": cached.text}) if cached and not paper.text else paper
            self._execute(
                "INSERT OR REPLACE INTO papers VALUES (?, ?, ?)", (paper.id, paper.version, merged.model_dump_json())
            )

    def find_text(self, hash: str) -> str | None:
        return self._fetch_first("SELECT text FROM texts WHERE hash = ?", (hash,))

    def store_text(self, hash: str, text: str) -> None:
        self._execute("INSERT OR REPLACE INTO texts VALUES (?, ?)", (hash, text))

    def _fetch_first(self, query: str, parameters: tuple[object, ...]) -> str | None:
        """The first column of the first row; None if there is no row or it can't be read."""
        row = None
        with self._lock, self._reporting("read"):
            row = self._connection.execute(query, parameters).fetchone()
        return str(row[0]) if row else None

    def _execute(self, statement: str, parameters: tuple[object, ...]) -> None:
        """Execute a statement that writes. Does nothing after a failure: waiting for a lock before every paper would
        take too long."""
        with self._lock, self._reporting("written"):
            if not self._fault:
                with self._connection:
                    self._connection.execute(statement, parameters)

    @contextlib.contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        """Border: report the first SQLite error and continue without the cache."""
        try:
            yield
        except sqlite3.Error as error:
            if not self._fault:
                self._say(f"literature: nothing more is cached: {self._path} can't be {what}: {error}")
            self._fault = str(error)

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.OperationalError:  # not damaged: locked, or the disk is full
            raise
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(FILE + suffix).unlink(missing_ok=True)
            return _connect(self._path)


def _connect(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, check_same_thread=False, timeout=LOCK_TIMEOUT_S)
    try:
        # Switching to a write-ahead log does not wait: if two runs open a new cache at once, one of them would fail.
        with FileLock(path.with_name(path.name + ".opening"), timeout=LOCK_TIMEOUT_S):
            raw.execute("PRAGMA journal_mode=WAL")
            raw.executescript(SCHEMA)
    except BaseException:
        raw.close()
        raise
    return raw
