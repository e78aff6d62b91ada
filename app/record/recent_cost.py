"""Computes what a run cost since some time, with sums made by SQLite and the run's own clock."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from app.record.folders import LEDGER
from app.record.record import Record, Spent
from memory.ledger.condensed import CondensedLedger
from memory.ledger.ledger import Ledger
from memory.ledger.run_clock import RunClock


def find_cost_since(folder: Path, record: Record, began: float, now: float) -> Spent:
    """Return what the run cost since `began`. All times are in Unix seconds; `now` is when the record was read of a run
    in progress, else the time of its last row."""
    worked_s = record.compute_elapsed(now)
    if record.first_at >= began:
        spent = record.spent
        return Spent(spent.tokens, spent.usd, spent.unpriced, spent.experiments, spent.disk_mb, worked_s)
    with closing(Ledger.read(folder / LEDGER)) as reader, reader.reading() as connection:
        ledger = CondensedLedger(connection, ())
        cost, clock = ledger.total_cost(began), RunClock()
        for row in ledger.clock_rows():
            if row.at >= began:
                break
            clock.fold(row)
    return Spent(
        tokens=int(cost["tokens"]),
        usd=cost["usd"],
        unpriced=int(cost["unpriced"]),
        experiments=int(cost["experiments"]),
        disk_mb=cost["disk_mb"],
        seconds=max(0.0, min(worked_s - clock.seconds, now - began)),
    )
