"""Dictionaries on disk for what a run has to know of each of its hypotheses: its memory doesn't grow with them.

They are caches of one process: they lie in a temporary SQLite database that no other process sees, and SQLite removes
it when the process ends, however it ends.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter

from pelagos.errors import DamagedRun, DiskFull

V = TypeVar("V")
CACHE_KIB = 512
PLACE = "SQLite's folder for temporary files (SQLITE_TMPDIR, else TMPDIR, else /var/tmp)"


class DiskMaps:
    """Makes dictionaries that share one temporary database. Thread-safe."""

    def __init__(self) -> None:
        self._raw = sqlite3.connect("", check_same_thread=False, isolation_level=None)  # "": a temporary file
        self._raw.executescript(f"PRAGMA cache_size=-{CACHE_KIB}; PRAGMA journal_mode=MEMORY")
        self._lock = threading.Lock()

    def make(self, name: str, kind: type[V]) -> DiskMap[V]:
        """Return an empty dictionary with values of a type that pydantic writes as JSON and reads back as equal."""
        self.fetch(f"CREATE TABLE {name} (n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)")
        return DiskMap(name, _make_adapter(kind), self)  # type: ignore[arg-type]  # a type is hashable

    def fetch(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Execute a statement and return its rows. Raises DiskFull if the temporary files' disk is full, DamagedRun if
        they can't be written."""
        try:
            with self._lock:
                return self._raw.execute(query, values).fetchall()
        except sqlite3.Error as error:
            if error.sqlite_errorname == "SQLITE_FULL":
                raise DiskFull(PLACE) from error
            raise DamagedRun(f"{PLACE}: {error}; name one that can be written to, then `pelagos resume`") from error


@lru_cache(maxsize=64)
def _make_adapter(kind: Any) -> TypeAdapter[Any]:
    """Making one takes longer than many a dictionary lives."""
    return TypeAdapter(kind, config=ConfigDict(ser_json_inf_nan="constants"))


class DiskMap(Mapping[str, V], Generic[V]):
    """A dictionary in the order of insertion. Its keys can't be removed; one that gets another value keeps its place.
    Values are copies."""

    def __init__(self, name: str, kind: TypeAdapter[V], maps: DiskMaps) -> None:
        self._name, self._kind, self._maps = name, kind, maps

    def __getitem__(self, key: str) -> V:
        rows = self._maps.fetch(f"SELECT value FROM {self._name} WHERE key = ?", key)  # noqa: S608 - ours
        if not rows:
            raise KeyError(key)
        return self._kind.validate_json(rows[0][0])

    def __setitem__(self, key: str, value: V) -> None:
        place = "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        self._maps.fetch(
            f"INSERT INTO {self._name} (key, value) VALUES (?, ?) {place}",  # noqa: S608 - ours
            key, self._kind.dump_json(value),
        )  # fmt: skip

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys that there are now."""
        return (row[0] for row in self._maps.fetch(f"SELECT key FROM {self._name} ORDER BY n"))  # noqa: S608 - ours

    def __len__(self) -> int:
        return int(self._maps.fetch(f"SELECT count(*) FROM {self._name}")[0][0])  # noqa: S608 - ours

    def newest(self, count: int) -> list[V]:
        """Return the values of the `count` keys that were inserted last, the last one first."""
        query = f"SELECT value FROM {self._name} ORDER BY n DESC LIMIT ?"  # noqa: S608 - ours
        return [self._kind.validate_json(row[0]) for row in self._maps.fetch(query, count)]
