"""Dictionaries on disk for what a run has to know of each of its hypotheses: its memory doesn't grow with them.

They are caches of one process: they lie in a temporary SQLite database that no other process sees, and SQLite removes
it when the process ends, however it ends.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Iterator, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter

from memory.files.disk_errors import translate_database_errors

V = TypeVar("V")
CACHE_KIB = 512
REMEDY = "name a folder in TMPDIR that can be written to, then `pelagos resume`"


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
        with self._lock, translate_database_errors(Path(tempfile.gettempdir(), "temporary files"), REMEDY):
            return self._raw.execute(query, values).fetchall()


@lru_cache(maxsize=64)
def _make_adapter(kind: Any) -> TypeAdapter[Any]:
    """Making one takes longer than many a dictionary lives."""
    return TypeAdapter(kind, config=ConfigDict(ser_json_inf_nan="constants"))


class DiskMap(MutableMapping[str, V], Generic[V]):
    """A dictionary in the order of insertion: a key that gets another value keeps its place. Values are copies."""

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

    def __delitem__(self, key: str) -> None:
        if not self._maps.fetch(f"DELETE FROM {self._name} WHERE key = ? RETURNING n", key):  # noqa: S608 - ours
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys that there are now."""
        return (row[0] for row in self._maps.fetch(f"SELECT key FROM {self._name} ORDER BY n"))  # noqa: S608 - ours

    def __len__(self) -> int:
        return int(self._maps.fetch(f"SELECT count(*) FROM {self._name}")[0][0])  # noqa: S608 - ours

    def newest(self, count: int) -> list[V]:
        """Return the values of the `count` keys that were inserted last, the last one first."""
        query = f"SELECT value FROM {self._name} ORDER BY n DESC LIMIT ?"  # noqa: S608 - ours
        return [self._kind.validate_json(row[0]) for row in self._maps.fetch(query, count)]
