"""A run's facts of some kinds, read once: each look reads only the rows that were appended since the last one.

A run asks for its facts many times per hypothesis; reading all rows of a kind at every call would make a long run
quadratic. Rows that another process appends are seen as well. Thread-safe. Changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from memory.ledger import Reader

Loader = Callable[[dict[str, Any]], Any]


class Facts:
    """`loaders`: kind -> what makes a value of a payload. A value's id is its payload's `id`, else the row's key; the
    newest value of an id holds, at the place of the first."""

    def __init__(self, reader: Reader, loaders: Mapping[str, Loader]) -> None:
        self._reader, self._loaders = reader, loaders
        self._seen = 0
        self._lock = threading.Lock()
        self._values: dict[str, dict[str, Any]] = {kind: {} for kind in loaders}

    def of(self, kind: str) -> dict[str, Any]:
        """Id -> value, in the order of recording. A copy: it doesn't grow while it is looked through."""
        with self._lock:
            self._read()
            return dict(self._values[kind])

    def get(self, kind: str, id: str) -> Any | None:
        with self._lock:
            self._read()
            return self._values[kind].get(id)

    def _read(self) -> None:
        """What is appended while this reads is read again at the next look."""
        end = self._reader.last()
        if end == self._seen:
            return
        for event in self._reader.events(after=self._seen, kinds=self._loaders):
            value = self._loaders[event.kind](event.payload)
            self._values[event.kind][str(event.payload.get("id", event.key))] = value
        self._seen = end
