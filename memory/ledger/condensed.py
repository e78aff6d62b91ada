"""Reads what a view needs of a ledger without reading all of it.

A run of thousands of hypotheses has hundreds of thousands of rows, and a view shows some dozens of hypotheses and sums
over the others. Every row since the beginning of the oldest hypothesis in work is read, and rows of some kinds however
old they are. SQLite computes the sums of the others. Where the run's clock has to be computed from rows, their time
stamps alone are read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Sequence
from sqlite3 import Connection
from typing import Any, NamedTuple

from memory.ledger.keys import parse_payload
from memory.ledger.ledger import Event
from memory.ledger.run_clock import LONGEST_GAP_S
from pelagos.facts.review import PERSONAL

SUMS, STAMP, NEWEST_NOTES = "sums", "stamp", 40
RECENT_ROWS = 3000
"""What no row has mentioned for so many rows is not in progress: it waits for a person, or a kill ended it."""
NO_END = 2**62
Range = tuple[int, int]
"""Row numbers from the first to the last, both included."""

OLDEST_IN_WORK = """
SELECT min(seq) FROM events WHERE kind = 'hypothesis' AND json_extract(payload, '$.id') NOT IN (
  SELECT coalesce(json_extract(payload, '$.hypothesis'), '') FROM events
  WHERE kind = 'lesson' OR (kind = 'screened' AND NOT json_extract(payload, '$.kept')))
AND json_extract(payload, '$.id') IN (SELECT json_extract(payload, '$.hypothesis') FROM events WHERE {recent})
"""
UNFINISHED = """
SELECT min(begun.seq) FROM events AS begun
WHERE begun.kind LIKE '%.intent' AND begun.kind NOT IN ('clock.intent', 'pause.intent', 'failed.intent')
  AND begun.{recent} AND NOT EXISTS (
  SELECT 1 FROM events AS done
  WHERE done.kind = substr(begun.kind, 1, length(begun.kind) - 7) AND done.key = begun.key
    AND done.kind NOT LIKE '%.intent')
"""
CLOCKS = """
SELECT seq, json_type(payload, '$.lived') IS NULL FROM events
WHERE kind IN ('clock.intent', 'pause.intent') ORDER BY seq
"""
PROPOSED = "SELECT json_extract(payload, '$.id') FROM events WHERE kind = 'hypothesis' AND {old} ORDER BY seq"
KEPT_HYPOTHESES = """
SELECT json_extract(payload, '$.hypothesis') FROM events
WHERE kind = 'screened' AND json_extract(payload, '$.kept') AND {old}
"""
COSTS = """
total(json_extract(cost, '$.tokens')), total(json_extract(cost, '$.usd')), total(json_type(cost, '$.usd') = 'null'),
total(json_extract(cost, '$.experiments')), total(json_extract(cost, '$.disk_mb')), total(json_type(cost) = 'array')
"""
# The inner queries read a payload once and return small values: LIMIT -1 keeps SQLite from sorting whole payloads.
EXPERIMENTS = f"""
SELECT isolation, outcome, cause, split = 'sealed', iif(scored AND split = 'validation', hypothesis, NULL), count(*),
  {COSTS}
FROM (SELECT json_extract(payload, '$.isolation') AS isolation, json_extract(payload, '$.outcome') AS outcome,
    json_extract(payload, '$.cause') AS cause, json_extract(payload, '$.split') AS split,
    json_extract(payload, '$.outcome') = 'ok' AND json_type(payload, '$.score') != 'null' AS scored,
    json_extract(payload, '$.hypothesis') AS hypothesis, json_extract(payload, '$.cost') AS cost
  FROM events WHERE kind = 'experiment' AND {{old}} LIMIT -1) GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - ours
TRIES = """
SELECT json_extract(tried.value, '$.cause'), count(*) FROM events, json_each(payload, '$.tries') AS tried
WHERE kind = 'build' AND {old} GROUP BY 1
"""
CALLS = f"""
SELECT spec, role, named, count(*), {COSTS}
FROM (SELECT json_extract(payload, '$.spec') AS spec, json_extract(payload, '$.role') AS role,
    json_type(payload, '$.hypothesis') IS NOT NULL AS named, json_extract(payload, '$.cost') AS cost
  FROM events WHERE kind = 'model' AND {{old}} LIMIT -1) GROUP BY 1, 2, 3
"""  # noqa: S608 - ours
TOTAL_COST = f"""
SELECT {COSTS} FROM (SELECT json_extract(payload, '$.cost') AS cost FROM events
  WHERE kind NOT LIKE '%.intent' AND kind NOT IN ({{kinds}}) AND {{old}} AND instr(payload, '"cost":') LIMIT -1)
"""  # noqa: S608 - ours
TIMES = "SELECT seq, at FROM events WHERE seq > ? AND seq < ? AND kind NOT IN ({personal}) ORDER BY seq"
DURATIONS = """
SELECT seq, json_object('seconds', json_extract(payload, '$.seconds'), 'wall_s', json_extract(payload, '$.wall_s'))
FROM events WHERE seq IN (SELECT value FROM json_each(?))
"""
STEPLESS_KINDS = ("node", "pace", "note", "remembered", "vector", "hypothesis", "plan", "lesson", "verifier.outcome")
"""Kinds that no step records, so they have no cost. They are most of a ledger."""
OF_HYPOTHESES = """
(coalesce(json_extract(payload, '$.hypothesis'), json_extract(payload, '$.id')) IN (SELECT value FROM json_each(?))
  OR (kind IN ('experiment', 'version', 'signature') AND json_type(payload, '$.hypothesis') = 'null'))
"""
WITH_KEY = "kind NOT LIKE '%.intent' AND key IN (SELECT value FROM json_each(?))"
CLOCK_KINDS = ("clock.intent", "pause.intent")
WITHOUT_PAYLOAD = ("remembered", "vector", "verifier.outcome")
"""Kinds of large rows whose payload no view uses: only kind, key and time are read."""
COST_FIELDS = ("tokens", "usd", "unpriced", "experiments", "disk_mb")
DETAIL_KINDS = (
    "hypothesis", "screened", "plan", "tool.call", "tool.reading", "build", "version", "experiment", "signature",
    "fidelity", "lesson",
)  # fmt: skip


class Stamp(NamedTuple):
    """The time of a row. `is_late`: it came so long after the one before that its own durations count."""

    seq: int
    at: float
    is_late: bool


class CondensedLedger:
    """Queries a ledger within one transaction. `kinds`: the kinds of which every row is read."""

    def __init__(self, connection: Connection, kinds: Collection[str]) -> None:
        self._connection, self._kinds = connection, kinds

    def events(self) -> list[Event]:
        """Return the rows to read, after one row of kind `SUMS` that stands for all others; for some of the others
        their stamp follows as a row of kind `STAMP`. Where an earlier version wrote the ledger, return all rows and
        no sums."""
        open_ranges = self._open_ranges()
        since = self._first_counting_row(open_ranges[-1][0])
        old = f"seq < {since}"
        sums = self._sum_rows(old) if len(open_ranges) > 1 else None
        if sums is None:
            return self._rows("seq > 0")
        conditions = (
            f"kind IN ({_sql_list([*self._kinds, *CLOCK_KINDS])})",
            f"seq IN ({_newest_rows('note', NEWEST_NOTES)})",
            f"seq IN ({_newest_rows('pace', 1)})",
            f"seq >= {since}",
        )
        rows_by_seq = self._stamp_rows(open_ranges, since)
        for where in conditions:
            rows_by_seq |= {event.seq: event for event in self._rows(where)}
        rows = [rows_by_seq[seq] for seq in sorted(rows_by_seq)]
        return [Event(0, rows[0].at, SUMS, "", sums), *rows]

    def details(self, hypotheses: Collection[str]) -> list[Event]:
        """Return all rows of these hypotheses and of the baseline that a detailed view shows."""
        return self._rows(f"kind IN ({_sql_list(DETAIL_KINDS)}) AND {OF_HYPOTHESES}", json.dumps(list(hypotheses)))

    def facts(self, kind: str, keys: Collection[str]) -> list[Event]:
        """Return the facts of a kind with these keys."""
        return self._rows(f"kind = '{kind}' AND {WITH_KEY}", json.dumps(list(keys)))

    def total_cost(self, since: float = 0.0) -> dict[str, float]:
        """Return the total cost of all steps that ended `since` (Unix seconds), by the names of COST_FIELDS."""
        amounts = self._all(TOTAL_COST.format(kinds=_sql_list(STEPLESS_KINDS), old=f"at >= {since!r}"))[0]
        return dict(zip(COST_FIELDS, amounts, strict=False))

    def clock_rows(self) -> list[Event]:
        """Return the rows from which the time worked is computed: the clock's own, and all rows in ranges that it
        doesn't cover."""
        clocks = f"kind IN ({_sql_list(CLOCK_KINDS)})"
        rows_by_seq = {
            event.seq: event for where in (clocks, _in_ranges(self._open_ranges())) for event in self._rows(where)
        }
        return [rows_by_seq[seq] for seq in sorted(rows_by_seq)]

    def _open_ranges(self) -> list[Range]:
        """Return the ranges between two rows of the clock that the later one doesn't close, and the range until now."""
        clocks = [(int(seq), bool(launch)) for seq, launch in self._all(CLOCKS)]
        before = [0, *(seq for seq, _ in clocks)]
        closed = zip(before, clocks, strict=False)
        return [*((since, seq) for since, (seq, launch) in closed if launch), (before[-1], NO_END)]

    def _first_counting_row(self, clocked: int) -> int:
        """Return the number of the row from which on every row is read."""
        recent = f"seq > (SELECT max(seq) FROM events) - {RECENT_ROWS}"  # noqa: S608 - ours
        queries = (OLDEST_IN_WORK.format(recent=recent), UNFINISHED.format(recent=recent), _newest_rows("node", 1))
        oldest = [row[0] for query in queries for row in self._all(query)]
        return min((seq for seq in oldest if seq is not None), default=clocked)

    def _stamp_rows(self, open_ranges: Sequence[Range], since: int) -> dict[int, Event]:
        """Return the time stamps of the rows before `since` from which the clock is computed, and the durations of
        those that came late."""
        times = TIMES.format(personal=_sql_list([fact.KIND for fact in PERSONAL]))
        stamps = [
            stamp for first, last in open_ranges for stamp in _choose_stamps(self._all(times, first, min(last, since)))
        ]
        late = json.dumps([stamp.seq for stamp in stamps if stamp.is_late])
        durations = {seq: json.loads(text) for seq, text in self._all(DURATIONS, late)}
        return {seq: Event(seq, at, STAMP, "", durations.get(seq, {})) for seq, at, _ in stamps}

    def _sum_rows(self, old: str) -> dict[str, Any] | None:
        """Return the sums, None where an earlier version recorded costs in another form."""
        experiments, calls = (self._all(query.format(old=old)) for query in (EXPERIMENTS, CALLS))
        kinds = _sql_list([*self._kinds, *STEPLESS_KINDS, "experiment", "model"])
        others = self._all(TOTAL_COST.format(kinds=kinds, old=old))
        spent = [row[-len(COST_FIELDS) - 1 :] for row in (*experiments, *calls, *others)]
        *amounts, arrays = map(sum, zip(*spent, strict=True))
        if arrays:
            return None
        proposed, kept = ([row[0] for row in self._all(query.format(old=old))] for query in (PROPOSED, KEPT_HYPOTHESES))
        return {
            "proposed": proposed,
            "kept": kept,
            "executed": [row[4] for row in experiments if row[4] is not None],
            "experiments": [(*row[:4], row[5]) for row in experiments],
            "tries": self._all(TRIES.format(old=old)),
            "calls": [row[:4] for row in calls],
            "cost": dict(zip(COST_FIELDS, amounts, strict=True)),
        }

    def _rows(self, where: str, *given: str) -> list[Event]:
        payload = f"CASE WHEN kind IN ({_sql_list(WITHOUT_PAYLOAD)}) THEN '{{}}' ELSE payload END"
        query = f"SELECT seq, at, kind, key, {payload} FROM events WHERE {where} ORDER BY seq"  # noqa: S608 - ours
        rows = self._all(query, *given)
        return [Event(seq, at, kind, key, parse_payload(payload)) for seq, at, kind, key, payload in rows]

    def _all(self, query: str, *given: str | int) -> list[Any]:
        return self._connection.execute(query, given).fetchall()


def _choose_stamps(times: Sequence[tuple[int, float]]) -> Iterator[Stamp]:
    """Of the rows (seq, at) of a range yield the first and the last, one per minute, and those around a step back or a
    long gap of the clock. The time between the rows that are left out is the time between these."""
    stamps = [at for _, at in times]
    for (seq, at), before, after in zip(times, [-math.inf, *stamps], [*stamps[1:], math.inf], strict=False):
        is_even = 0 <= at - before <= LONGEST_GAP_S and 0 <= after - at <= LONGEST_GAP_S
        if not is_even or int(at / 60) != int(before / 60):
            yield Stamp(seq, at, at - before > LONGEST_GAP_S)


def _newest_rows(kind: str, count: int) -> str:
    return f"SELECT seq FROM events WHERE kind = '{kind}' ORDER BY seq DESC LIMIT {count}"  # noqa: S608 - ours


def _in_ranges(ranges: list[Range]) -> str:
    return " OR ".join(f"seq BETWEEN {first} AND {last}" for first, last in ranges)


def _sql_list(kinds: Collection[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)
