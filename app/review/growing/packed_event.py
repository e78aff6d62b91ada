"""Rows of a ledger that a record can hold by the hundred thousand: the payload stays JSON text until it is read."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection
from typing import Any

from memory.ledger.condensed import STAMP
from memory.ledger.keys import parse_payload
from memory.ledger.rows import Position

UNUSED_KINDS = ("remembered", "vector", "verifier.outcome", "plans.ranked", "plans.ranked.intent", "knowhow")
"""Large rows whose payload no record uses; a page reads the one that it shows."""
FINISHED = """
kind LIKE '%.intent' AND kind NOT IN ('clock.intent', 'pause.intent', 'failed.intent') AND EXISTS (
  SELECT 1 FROM events AS done WHERE done.kind = substr(event.kind, 1, length(event.kind) - 7)
    AND done.key = event.key AND done.kind NOT LIKE '%.intent' AND done.seq > event.seq AND done.seq <= :last)
"""
UNUSED = ", ".join(f"'{kind}'" for kind in UNUSED_KINDS)
NEW_ROWS = f"""
SELECT seq, at, iif({FINISHED}, '{STAMP}', kind), key,
  iif(kind IN ({UNUSED}) OR ({FINISHED}), '{{}}', payload)
FROM events AS event WHERE seq > :first AND seq <= :last ORDER BY seq
"""  # noqa: S608 - ours


class PackedEvent:
    """One row. `payload` is parsed at each access, except between `unpack` and `pack`."""

    __slots__ = ("_payload", "_text", "at", "key", "kind", "seq")

    def __init__(self, seq: int, at: float, kind: str, key: str, text: str) -> None:
        self.seq, self.at, self.kind, self.key = seq, at, kind, key
        self._text, self._payload = text, None

    _payload: dict[str, Any] | None

    @property
    def payload(self) -> dict[str, Any]:
        return parse_payload(self._text) if self._payload is None else self._payload

    def unpack(self) -> dict[str, Any]:
        self._payload = {} if self._text == "{}" else parse_payload(self._text)
        return self._payload

    def pack(self) -> None:
        self._payload = None


def read_new_rows(connection: Connection, after: Position, end: Position) -> Iterator[PackedEvent]:
    """Yield the rows from behind `after` to `end`. Of an intent that has its result by then only the stamp is
    read."""
    for row in connection.execute(NEW_ROWS, {"first": after.seq, "last": end.seq}):
        yield PackedEvent(*row)
