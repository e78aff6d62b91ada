"""`pelagos status`, `list` and `hypotheses`: what the ledgers say, as tables or JSON. They change nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import typer

from app import folders
from app.board import Row, activity, bars, funnel, rows
from app.output import Json, RunArgument, console, print_json, table
from app.record import Record
from app.warning import warning
from app.words import count, interval, number, signed
from pelagos.errors import DamagedRun


def status(run: RunArgument, json: Json = False) -> None:
    """How a run stands: state, cycle, funnel, budgets, hypotheses."""
    folder = folders.find(run)
    record = folders.read(folder)
    state, pid = folders.standing(folder, record)
    if json:
        print_json(_status(folder, record, state, pid))
        return
    from app.live import budgets, header, hypotheses, unsafe

    now = time.time() if pid is not None else record.last_at
    screen = console()
    driven = f" by process {pid}" if pid is not None else ""
    doing = f": {activity(record)}" if pid is not None else ""
    reason = str((record.ended or {}).get("reason", ""))
    screen.print(*unsafe(record), header(folder, record, now), sep="\n")
    screen.print(f"{state}{driven}{doing}{f': {reason}' if reason and pid is None else ''}", markup=False)
    screen.print(_funnel(record), markup=False)
    for damage in folders.damage(folder):
        screen.print(damage, markup=False)
    screen.print(hypotheses(record))
    screen.print(budgets(record, now))


def list_runs(json: Json = False) -> None:
    """The runs of this project."""
    found = [_summary(folder) for folder in folders.all_runs(Path.cwd())]
    if json:
        print_json(found)
        return
    if not found:
        typer.echo("no runs here yet; `pelagos run TASK` starts one")
        return
    heads = ("run", "task", "state", "cycle", "kept", "executed", "supported", "confirmed")
    cells = [[_cell(one.get(head)) for head in heads] for one in found]
    console().print(table(heads, cells))


def hypotheses(run: RunArgument, json: Json = False) -> None:
    """The hypotheses of a run with stage, verdict, effect and interval."""
    record = folders.read(folders.find(run))
    if json:
        print_json([_hypothesis(record, row) for row in rows(record)])
        return
    from app.live import unsafe

    for told in unsafe(record):
        console().print(told)
    heads = ("id", "cycle", "title", "stage", "effect", "interval", "e-value", "seeds")
    console().print(table(heads, (_hypothesis_cells(record, row) for row in rows(record))))


def _status(folder: Path, record: Record, state: str, pid: int | None) -> dict[str, Any]:
    return {
        "run": str(folder),
        "task": record.task,
        "state": state,
        "pid": pid,
        "warning": warning(record),
        "reason": (record.ended or {}).get("reason", ""),
        "cycle": record.cycle,
        "node": record.node,
        "activity": activity(record),
        "funnel": funnel(record),
        "budget": bars(record, time.time() if pid is not None else None),
        "hypotheses": rows(record),
        "notes": [{"at": at, "text": text} for at, text in record.notes[-10:]],
        "damage": folders.damage(folder),
    }


def _summary(folder: Path) -> dict[str, Any]:
    """A run that can't be read is listed as such: one bad folder must not hide the others."""
    try:
        record = folders.read(folder)
    except DamagedRun as error:
        return {"run": folder.name, "state": "damaged", "reason": str(error)}
    passed = funnel(record)
    return {
        "run": folder.name,
        "task": record.task,
        "state": folders.standing(folder, record)[0],
        "cycle": record.cycle,
        "kept": passed.kept,
        "executed": passed.executed,
        "supported": passed.supported,
        "confirmed": passed.confirmed,
        "started": record.first_at,
    }


def _cell(value: Any) -> str:
    return "–" if value is None else str(value)


def _hypothesis(record: Record, row: Row) -> dict[str, Any]:
    look = record.verdicts.get(row.id)
    return {
        **record.hypotheses[row.id].model_dump(mode="json"),
        "stage": row.stage,
        "detail": row.detail,
        "screened": record.screened.get(row.id),
        "verdict": look.model_dump(mode="json") if look else None,
        "confirmed": record.confirmed.get(row.id),
    }


def _hypothesis_cells(record: Record, row: Row) -> list[str]:
    look = record.verdicts.get(row.id)
    effect = signed(row.effect) if row.verdict else ""
    found = [row.id, str(row.cycle), row.title, row.status, effect, interval(row.low, row.high)]
    return [*found, number(row.e_value) if row.verdict else "", str(look.seeds) if look else ""]


def _funnel(record: Record) -> str:
    passed = funnel(record)
    sealed = "not looked at" if passed.confirmed is None else str(passed.confirmed)
    first = f"{count(passed.proposed, 'hypothesis')}: {passed.kept} kept, {passed.executed} executed"
    return f"{first}, {passed.improved} improved, {passed.supported} supported, confirmed: {sealed}"
