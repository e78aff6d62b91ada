"""A run's facts of some kinds. Each row is read once when it is new and folded into what the run keeps of it; it is
loaded again by its id when it is asked for.

A run asks for its facts many times per hypothesis; reading all rows of a kind at every call would make a long run
quadratic, and holding all of them would make it ever larger. So the newest values are held, the others are in the
ledger. Rows that another process appends are seen as well. Thread-safe. Changes nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from memory.ledger import Reader

Loader = Callable[[dict[str, Any]], Any]
Fold = Callable[[Any], object]
HELD = 512
PAGE = 1000  # rows that are in memory at a time


class Facts:
    """`loaders`: kind -> what makes a value of a payload. A value's id is its payload's `id`, else the row's key; the
    newest value of an id holds, at the place of the first. `fold` is given each value once, in order."""

    def __init__(
        self, reader: Reader, loaders: Mapping[str, Loader], fold: Fold = lambda value: None, held: int = HELD
    ) -> None:
        self._reader, self._loaders, self._fold, self._most = reader, loaders, fold, held
        self._seen = 0
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._keys: dict[tuple[str, str], str] = {}  # only where an id isn't its row's key

    def of(self, kind: str) -> dict[str, Any]:
        """Id -> value of all of the kind, in the order of recording. Reads them all: not for every hypothesis."""
        found = {}
        for event in self._reader.events(kind):
            found[_id(event.key, event.payload)] = self._loaders[kind](event.payload)
        return found

    def get(self, kind: str, id: str) -> Any | None:
        with self._lock:
            self._read()
            if (kind, id) in self._held:
                self._held.move_to_end((kind, id))
                return self._held[kind, id]
            payload = self._reader.find(kind, self._keys.get((kind, id), id))
            if payload is None or _id(id, payload) != id:
                return None
            return self._hold(kind, id, self._loaders[kind](payload))

    def fold_new(self) -> None:
        """Fold what was appended since the last look."""
        with self._lock:
            self._read()

    def _read(self) -> None:
        """What is appended while this reads is read again at the next look."""
        end = self._reader.last()
        while self._seen < end:
            rows = self._reader.events(after=self._seen, kinds=self._loaders, limit=PAGE)
            for event in rows:
                id = _id(event.key, event.payload)
                self._keys.pop((event.kind, id), None)
                if id != event.key:
                    self._keys[event.kind, id] = event.key
                self._fold(self._hold(event.kind, id, self._loaders[event.kind](event.payload)))
                self._seen = event.seq
            if len(rows) < PAGE:
                self._seen = max(end, self._seen)

    def _hold(self, kind: str, id: str, value: Any) -> Any:
        self._held[kind, id] = value
        self._held.move_to_end((kind, id))
        if len(self._held) > self._most:
            self._held.popitem(last=False)
        return value


def _id(key: str, payload: dict[str, Any]) -> str:
    return str(payload.get("id", key))
