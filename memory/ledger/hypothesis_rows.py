"""Reads all rows about one hypothesis, without parsing the others: of a long run they are a few of many."""

from __future__ import annotations

import json

from memory.ledger.keys import parse_payload
from memory.ledger.ledger import Event, Reader

QUERY = """
SELECT seq, at, kind, key, payload FROM events
WHERE (instr(payload, ?) AND json_extract(payload, '$.hypothesis') = ?)
  OR (kind = 'hypothesis' AND instr(payload, ?) AND json_extract(payload, '$.id') = ?)
ORDER BY seq
"""
"""Payloads are canonical JSON, so a text search finds the rows that are worth parsing."""


def read_rows_of(reader: Reader, hypothesis: str) -> list[Event]:
    """Return the rows that name the hypothesis, and its own, in their order. Raises DamagedRun."""
    named = json.dumps(hypothesis)
    given = (f'"hypothesis":{named}', hypothesis, f'"id":{named}', hypothesis)
    with reader.reading() as connection:
        rows = connection.execute(QUERY, given).fetchall()
    return [Event(seq, at, kind, key, parse_payload(payload)) for seq, at, kind, key, payload in rows]
