"""The run's log: one line per event that says something to a person, the newest last."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from app.formatting import format_line
from app.live.event_lines import LINE_KINDS, describe_event
from app.live.progress import describe_node
from app.record.folders import LEDGER
from app.review.growing.growing_record import GrowingRecord
from memory.ledger.keys import parse_payload
from memory.ledger.ledger import Event, Ledger
from pelagos.facts.drive import Entered
from pelagos.facts.reader import read

TAIL = 200
KIND_LIST = ", ".join(f"'{kind}'" for kind in LINE_KINDS)
QUERY = f"""
SELECT seq, at, kind, key, payload FROM events WHERE kind IN ({KIND_LIST}) AND seq > :after AND seq <= :last
ORDER BY seq DESC LIMIT :most
"""  # noqa: S608 - ours


@dataclass(frozen=True)
class LogLine:
    """`hypothesis` is the id with which the line begins, which `text` leaves out; '' where it begins with none."""

    seq: int
    at: float
    kind: str
    text: str
    hypothesis: str


def read_log(growing: GrowingRecord, after: int = 0, before: int | None = None, most: int = TAIL) -> list[LogLine]:
    """Return the newest lines of rows behind `after` and before `before`, up to the record's position, in order."""
    last = growing.position.seq if before is None else before - 1
    with closing(Ledger.read(growing.folder / LEDGER)) as reader, reader.reading() as connection:
        rows = connection.execute(QUERY, {"after": after, "last": last, "most": most}).fetchall()
    events = [Event(seq, at, kind, key, parse_payload(payload)) for seq, at, kind, key, payload in reversed(rows)]
    lines = [_make_line(growing, event) for event in events]
    return [line for line in lines if line.text]


def _make_line(growing: GrowingRecord, event: Event) -> LogLine:
    text = _describe(growing, event)
    id, _, rest = text.partition(" ")
    if id.rstrip(":") in growing.record.proposed and rest:
        return LogLine(event.seq, event.at, event.kind, rest, id.rstrip(":"))
    return LogLine(event.seq, event.at, event.kind, text, "")


def _describe(growing: GrowingRecord, event: Event) -> str:
    """Describe an event of any time. The record holds later ones as well, so a node is described by its row alone."""
    if event.kind == Entered.KIND:
        entered = read(Entered, event.payload)
        return format_line(describe_node(entered.node, entered.hypothesis or ""))
    return describe_event(growing.record, event)
