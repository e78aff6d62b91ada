"""What was fetched once, in the user's cache folder: papers for ever by id and version, the texts of PDFs by their
hash, searches with the day they were made. Shared by all runs and processes; it may be deleted at any time."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pelagos.nouns import Paper

FILE = "literature.sqlite"
DAY = 86_400.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS papers (id TEXT NOT NULL, version TEXT NOT NULL, paper TEXT NOT NULL,
  PRIMARY KEY (id, version));
CREATE TABLE IF NOT EXISTS searches (source TEXT NOT NULL, query TEXT NOT NULL, most INTEGER NOT NULL, at REAL NOT NULL,
  found TEXT NOT NULL, PRIMARY KEY (source, query, most));
CREATE TABLE IF NOT EXISTS texts (hash TEXT PRIMARY KEY, text TEXT NOT NULL);
"""
T = TypeVar("T")


class Cache:
    """Thread-safe. A damaged file is put aside and a new one begun: nothing in it can't be fetched again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._path = folder / FILE
        self._raw = self._opened()

    def close(self) -> None:
        with self._lock:
            self._raw.close()

    def found(self, source: str, query: str, limit: int, days: float | None) -> list[Paper] | None:
        """What a search for as much or more gave, None where there is none or it is older than `days` (None: any). What
        a clock stamped that was ahead by more than a day is of no known age."""
        since, until = (0.0, math.inf) if days is None else (time.time() - days * DAY, time.time() + DAY)
        ask = (
            "SELECT found FROM searches WHERE source = ? AND query = ? AND most >= ? AND at BETWEEN ? AND ? "
            "ORDER BY at DESC"
        )
        with self._using():
            row = self._raw.execute(ask, (source, query, limit, since, until)).fetchone()
            papers = [self.paper(id, version) for id, version in json.loads(row[0])] if row else [None]
        return None if None in papers else [paper for paper in papers if paper is not None][:limit]

    def keep(self, source: str, query: str, limit: int, papers: list[Paper]) -> None:
        """A search and what it found."""
        found = json.dumps([(paper.id, paper.version) for paper in papers])
        with self._using():
            for paper in papers:
                self.keep_paper(paper)
            row = (source, query, limit, time.time(), found)
            self._raw.execute("INSERT OR REPLACE INTO searches VALUES (?, ?, ?, ?, ?)", row)

    def paper(self, id: str, version: str) -> Paper | None:
        with self._using():
            row = self._raw.execute("SELECT paper FROM papers WHERE id = ? AND version = ?", (id, version)).fetchone()
        return Paper.model_validate_json(row[0]) if row else None

    def keep_paper(self, paper: Paper) -> None:
        """The newest reading of this version; a text that is known stays known."""
        with self._using():
            known = self.paper(paper.id, paper.version)
            kept = paper.model_copy(update={"text": known.text}) if known and not paper.text else paper
            row = (paper.id, paper.version, kept.model_dump_json())
            self._raw.execute("INSERT OR REPLACE INTO papers VALUES (?, ?, ?)", row)

    def text(self, hash: str) -> str | None:
        with self._using():
            row = self._raw.execute("SELECT text FROM texts WHERE hash = ?", (hash,)).fetchone()
        return row[0] if row else None

    def keep_text(self, hash: str, text: str) -> None:
        with self._using():
            self._raw.execute("INSERT OR REPLACE INTO texts VALUES (?, ?)", (hash, text))

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock, self._raw:
            yield

    def _opened(self) -> sqlite3.Connection:
        try:
            return _connected(self._path)
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(FILE + suffix).unlink(missing_ok=True)
            return _connected(self._path)


def _connected(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, check_same_thread=False, timeout=30)
    try:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.executescript(SCHEMA)
    except BaseException:
        raw.close()
        raise
    return raw
