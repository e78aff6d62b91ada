"""What `pelagos status`, `list` and `hypotheses` say of a run, as values for JSON and as cells of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app import folders
from app.board import Row, bars, funnel, rows
from app.columns import Column
from app.progress import activity, learned, next_verdict
from app.record import Record
from app.steady import beside
from app.warning import warning
from app.words import count, interval, number, signed
from pelagos.errors import BadInput, DamagedRun


def status(folder: Path, record: Record, state: str, pid: int | None) -> dict[str, Any]:
    now = beside(record) if pid is not None else record.last_at
    return {
        "run": str(folder),
        "task": record.task,
        "state": state,
        "pid": pid,
        "warning": warning(record),
        "reason": folders.reason(record, state),
        "node": record.node,
        "activity": activity(record),
        "learned": learned(record),
        "next_verdict": next_verdict(record, now),
        "funnel": funnel(record),
        "budget": bars(record, now if pid is not None else None),
        "hypotheses": rows(record),
        "notes": [{"at": at, "text": text} for at, text in record.notes[-10:]],
        "damage": folders.damage(folder),
    }


def summary(folder: Path) -> dict[str, Any]:
    """A run that can't be read is listed as such: one bad folder must not hide the others."""
    try:
        record = folders.read(folder)
    except (BadInput, DamagedRun) as error:
        return {"run": folder.name, "state": "damaged", "reason": str(error)}
    passed, (state, _) = funnel(record), folders.standing(folder, record)
    return {
        "run": folder.name,
        "task": record.task,
        "state": state,
        "reason": folders.reason(record, state).partition("\n")[0],
        "kept": passed.kept,
        "executed": passed.executed,
        "supported": passed.supported,
        "confirmed": passed.confirmed,
        "started": record.first_at,
    }


def hypothesis(record: Record, row: Row) -> dict[str, Any]:
    look = record.verdicts.get(row.id)
    return {
        **record.hypotheses[row.id].model_dump(mode="json"),
        "stage": row.stage,
        "detail": row.detail,
        "screened": record.screened.get(row.id),
        "verdict": look.model_dump(mode="json") if look else None,
        "confirmed": record.confirmed.get(row.id),
    }


def columns() -> list[Column]:
    """The columns of `pelagos hypotheses`, in the order of `cells`."""
    return [
        Column("id"),
        Column("title", least=24),
        Column("state", least=13, rank=1),
        Column("effect", right=True),
        Column("interval", rank=2),
        Column("novelty", rank=5),
        Column("e-value", rank=4, right=True),
        Column("seeds", rank=3, right=True),
    ]


def cells(record: Record, row: Row) -> list[str]:
    look = record.verdicts.get(row.id)
    effect = signed(row.effect) if row.verdict else ""
    novelty = str(record.screened.get(row.id, {}).get("novelty", ""))
    found = [row.id, row.title, row.state, effect, interval(row.low, row.high), novelty]
    return [*found, number(row.e_value) if row.verdict else "", str(look.seeds) if look else ""]


def funnel_line(record: Record) -> str:
    passed = funnel(record)
    sealed = "not looked at" if passed.confirmed is None else str(passed.confirmed)
    first = f"{count(passed.proposed, 'hypothesis')}: {passed.kept} kept, {passed.executed} executed"
    return f"{first}, {passed.improved} improved, {passed.supported} supported, confirmed: {sealed}"
