"""Caches a run's facts of some kinds. Each new row is read and folded once; an older value is loaded again by its id
when needed.

A run asks for its facts many times per hypothesis. Reading all rows of a kind at every call would make a long run
quadratic, and holding all of them would use ever more memory. So the newest values are cached and the others are read
from the ledger. Rows that another process appends are seen as well. Thread-safe. Changes nothing in the ledger.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from memory.ledger.ledger import Reader

Loader = Callable[[dict[str, Any]], Any]
Fold = Callable[[Any], object]
CACHED_VALUES = 512
PAGE_ROWS = 1000  # rows in memory at a time


class Facts:
    """`loaders`: kind -> function that makes a value of a payload. A value's id is its payload's `id`, else the row's
    key; the newest value of an id counts, at the position of the first. `fold` is called with each value once, in
    order."""

    def __init__(
        self, reader: Reader, loaders: Mapping[str, Loader], fold: Fold = lambda value: None, held: int = CACHED_VALUES
    ) -> None:
        self._reader, self._loaders, self._fold, self._capacity = reader, loaders, fold, held
        self._seen = 0
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._keys: dict[str, dict[str, str]] = {kind: {} for kind in loaders}  # id -> row key, only where they differ

    def all_of(self, kind: str) -> dict[str, Any]:
        """Return id -> value for all of the kind, in the order of recording. It reads all rows: not to be called for
        every hypothesis."""
        values = {}
        for event in self._reader.events(kind):
            values[_id(event.key, event.payload)] = self._loaders[kind](event.payload)
        return values

    def get(self, kind: str, id: str) -> Any | None:
        """Return the value of an id, None where there is none."""
        with self._lock:
            self._read()
            if (kind, id) in self._cache:
                self._cache.move_to_end((kind, id))
                return self._cache[kind, id]
            payload = self._reader.find(kind, self._keys[kind].get(id, id))
            if payload is None or _id(id, payload) != id:
                return None
            return self._hold(kind, id, self._loaders[kind](payload))

    def fold_new(self) -> None:
        """Fold the rows that were appended since the last call."""
        with self._lock:
            self._read()

    def _read(self) -> None:
        """Read new rows. Rows that are appended meanwhile are read by the next call."""
        end = self._reader.last_seq()
        while self._seen < end:
            rows = self._reader.events(after=self._seen, kinds=self._loaders, limit=PAGE_ROWS)
            for event in rows:
                id = _id(event.key, event.payload)
                self._keys[event.kind].pop(id, None)
                if id != event.key:
                    self._keys[event.kind][id] = event.key
                self._fold(self._hold(event.kind, id, self._loaders[event.kind](event.payload)))
                self._seen = event.seq
            if len(rows) < PAGE_ROWS:
                self._seen = max(end, self._seen)

    def _hold(self, kind: str, id: str, value: Any) -> Any:
        self._cache[kind, id] = value
        self._cache.move_to_end((kind, id))
        if len(self._cache) > self._capacity:
            self._cache.popitem(last=False)
        return value


def _id(key: str, payload: dict[str, Any]) -> str:
    return str(payload.get("id", key))
