"""What was fetched once, in the user's cache folder: papers for ever by id and version, the texts of PDFs by their
hash, searches with the day they were made. Shared by all runs and processes; it may be deleted at any time.

Nothing depends on it: where it can't be read nothing is known, and where it can't be written (locked by another
process, a full disk) nothing more is kept by this process. Both are told."""

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
WAIT_S = 30.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS papers (id TEXT NOT NULL, version TEXT NOT NULL, paper TEXT NOT NULL,
  PRIMARY KEY (id, version));
CREATE TABLE IF NOT EXISTS searches (source TEXT NOT NULL, query TEXT NOT NULL, most INTEGER NOT NULL, at REAL NOT NULL,
  found TEXT NOT NULL, PRIMARY KEY (source, query, most));
CREATE TABLE IF NOT EXISTS texts (hash TEXT PRIMARY KEY, text TEXT NOT NULL);
"""


class Cache:
    """Thread-safe. A damaged file is removed and a new one begun: nothing in it can't be fetched again. `say` is told
    what keeps it from being used, once."""

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._say, self._fault = say, ""
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
        row = self._first(ask, (source, query, limit, since, until))
        papers = [self.paper(id, version) for id, version in json.loads(row)] if row else [None]
        return None if None in papers else [paper for paper in papers if paper is not None][:limit]

    def keep(self, source: str, query: str, limit: int, papers: list[Paper]) -> None:
        """A search and what it found."""
        found = json.dumps([(paper.id, paper.version) for paper in papers])
        for paper in papers:
            self.keep_paper(paper)
        self._put("INSERT OR REPLACE INTO searches VALUES (?, ?, ?, ?, ?)", (source, query, limit, time.time(), found))

    def paper(self, id: str, version: str) -> Paper | None:
        found = self._first("SELECT paper FROM papers WHERE id = ? AND version = ?", (id, version))
        return Paper.model_validate_json(found) if found else None

    def keep_paper(self, paper: Paper) -> None:
        """The newest reading of this version; a text that is known stays known."""
        with self._lock:
            known = self.paper(paper.id, paper.version)
            kept = paper.model_copy(update={"text": known.text}) if known and not paper.text else paper
            self._put(
                "INSERT OR REPLACE INTO papers VALUES (?, ?, ?)", (paper.id, paper.version, kept.model_dump_json())
            )

    def text(self, hash: str) -> str | None:
        return self._first("SELECT text FROM texts WHERE hash = ?", (hash,))

    def keep_text(self, hash: str, text: str) -> None:
        self._put("INSERT OR REPLACE INTO texts VALUES (?, ?)", (hash, text))

    def _first(self, query: str, given: tuple[object, ...]) -> str | None:
        """The first column of the first row, None where there is none or it can't be read."""
        row = None
        with self._lock, self._telling("read"):
            row = self._raw.execute(query, given).fetchone()
        return str(row[0]) if row else None

    def _put(self, statement: str, given: tuple[object, ...]) -> None:
        """Nothing once that failed: to wait for a lock before every paper would take a run's whole time."""
        with self._lock, self._telling("written"):
            if not self._fault:
                with self._raw:
                    self._raw.execute(statement, given)

    @contextlib.contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Named border: what SQLite can't do here is told, and the cache does without."""
        try:
            yield
        except sqlite3.Error as error:
            if not self._fault:
                self._say(f"literature: nothing more is cached: {self._path} can't be {what}: {error}")
            self._fault = str(error)

    def _opened(self) -> sqlite3.Connection:
        try:
            return _connected(self._path)
        except sqlite3.OperationalError:  # no damage: it is locked, or there is no room
            raise
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(FILE + suffix).unlink(missing_ok=True)
            return _connected(self._path)


def _connected(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, check_same_thread=False, timeout=WAIT_S)
    try:
        # Switching to a write-ahead log waits for nobody: of two runs that open a new cache at once one would fail.
        with FileLock(path.with_name(path.name + ".opening"), timeout=WAIT_S):
            raw.execute("PRAGMA journal_mode=WAL")
            raw.executescript(SCHEMA)
    except BaseException:
        raw.close()
        raise
    return raw
