"""`pelagos status`, `list` and `hypotheses`: what the ledgers say, as tables or JSON. They change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from app import folders
from app.output import Json, RunArgument, console, print_json
from app.words import line


def status(run: RunArgument, json: Json = False) -> None:
    """How a run stands: state, funnel, what was learned, budgets, hypotheses."""
    from app import summaries

    folder = folders.find(run)
    record = folders.read(folder)
    state, pid = folders.standing(folder, record)
    if json:
        print_json(summaries.status(folder, record, state, pid))
        return
    from app.live import Budgets, header, hypotheses, unsafe
    from app.progress import activity, learned, next_verdict
    from app.steady import beside

    now = beside(record) if pid is not None else record.last_at
    screen = console()
    driven = f" by process {pid or 'unknown'}" if pid is not None else ""
    doing = f": {activity(record)}" if pid is not None else ""
    reason = folders.reason(record, state)
    screen.print(*unsafe(record), header(folder, record, now), sep="\n")
    screen.print(f"{state}{driven}{doing}{f': {reason}' if reason and pid is None else ''}", markup=False)
    if pid is not None:
        screen.print(next_verdict(record, now), markup=False)
    screen.print(summaries.funnel_line(record), markup=False)
    screen.print(learned(record), markup=False)
    for damage in folders.damage(folder):
        screen.print(damage, markup=False)
    screen.print(hypotheses(record))
    screen.print(Budgets(record, now))


def list_runs(json: Json = False) -> None:
    """The runs of this project."""
    from app.summaries import summary

    found = [summary(folder) for folder in folders.all_runs(Path.cwd())]
    if json:
        print_json(found)
        return
    if not found:
        typer.echo("no runs here yet; `pelagos run TASK` starts one")
        return
    from app.columns import Column, Fitted

    ranks = {"run": 0, "state": 0, "supported": 0, "confirmed": 1, "executed": 2, "kept": 3, "task": 4}
    columns = [*(Column(head, rank=rank) for head, rank in ranks.items()), Column("reason", least=24, rank=2)]
    cells = [[_cell(one.get(column.head)) for column in columns] for one in found]
    screen, shown = console(), Fitted(columns, cells)
    if not screen.is_terminal:
        screen.width = max(screen.width, shown.least())
    screen.print(shown)


def hypotheses(run: RunArgument, json: Json = False) -> None:
    """The hypotheses of a run with novelty, stage, verdict, effect and interval."""
    from app import summaries
    from app.board import rows

    record = folders.read(folders.find(run))
    if json:
        print_json([summaries.hypothesis(record, row) for row in rows(record)])
        return
    from app.live import unsafe

    for told in unsafe(record):
        console().print(told)
    from app.columns import Fitted

    screen = console()
    screen.print(Fitted(summaries.columns(), [summaries.cells(record, row) for row in rows(record)]))
    for row in rows(record):
        for finding in row.suspect:
            screen.print(f"{row.id} suspect: {line(finding)}", markup=False)


def _cell(value: Any) -> str:
    return "–" if value is None else str(value)
