"""`pelagos status`, `list` and `hypotheses`: print what the ledgers hold, as tables or JSON. They change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import Json, RunArgument, make_console, print_json
from app.formatting import format_line
from app.record import folders
from pelagos.errors import BadInput

if TYPE_CHECKING:
    from app.record.record import Record


def status(run: RunArgument, json: Json = False) -> None:
    """Show a run's state, funnel, verdicts, budgets and hypotheses."""
    from app.live.board import BEST, NEWEST
    from app.record import summaries

    folder = folders.find_run(run)
    record = folders.read_record(folder) if json else folders.read_condensed(folder, NEWEST, BEST)
    state, pid = folders.find_state(folder, record)
    if json:
        print_json(summaries.summarize_status(folder, record, state, pid))
        return
    from app.live.live_view import Budgets, list_warnings, make_header, make_hypothesis_table
    from app.live.progress import describe_activity, estimate_next_verdict, summarize_verdicts
    from app.live.view_clock import estimate_now

    now = estimate_now(record) if pid is not None else record.last_at
    screen = make_console()
    driven = f" by process {pid or 'unknown'}" if pid is not None else ""
    doing = f": {describe_activity(record)}" if pid is not None else ""
    reason = folders.explain_state(record, state)
    screen.print(*list_warnings(record), make_header(folder, record, now), sep="\n")
    screen.print(f"{state}{driven}{doing}{f': {reason}' if reason and pid is None else ''}", markup=False)
    if pid is not None:
        screen.print(estimate_next_verdict(record, now), markup=False)
    screen.print(summaries.describe_funnel(record), markup=False)
    screen.print(summarize_verdicts(record), markup=False)
    for damage in folders.list_damage(folder):
        screen.print(damage, markup=False)
    screen.print(make_hypothesis_table(record, NEWEST, BEST))
    screen.print(Budgets(record, now))


def list_runs(json: Json = False) -> None:
    """List the runs of this project."""
    from app.record.summaries import summarize_run

    runs = [summarize_run(folder) for folder in folders.list_run_folders(Path.cwd())]
    if json:
        print_json(runs)
        return
    if not runs:
        typer.echo("no runs here yet; `pelagos run TASK` starts one")
        return
    from app.live.columns import Column, FittedTable

    ranks = {"run": 0, "state": 0, "supported": 0, "promising": 1, "executed": 2, "kept": 3, "task": 4}
    columns = [*(Column(head, rank=rank) for head, rank in ranks.items()), Column("reason", min_width=24, rank=2)]
    cells = [[_format_cell(run.get(column.head)) for column in columns] for run in runs]
    screen, table = make_console(), FittedTable(columns, cells)
    if not screen.is_terminal:
        screen.width = max(screen.width, table.min_width())
    screen.print(table)


Shown = Annotated[str, typer.Option(help="One hypothesis whole, by its id: what it did, then what is said of it.")]
All = Annotated[bool, typer.Option("--all", help="All of a long run, not only the best and the newest.")]


def hypotheses(run: RunArgument, all: All = False, json: Json = False, show: Shown = "") -> None:
    """List the hypotheses of a run with novelty, stage, verdict, effect and interval."""
    from app.live.board import BEST, NEWEST, list_rows
    from app.record import summaries

    folder = folders.find_run(run)
    record = folders.read_record(folder) if all or json or show else folders.read_condensed(folder, NEWEST, BEST)
    if show:
        _show_hypothesis(record, show, json)
        return
    if json:
        print_json([summaries.summarize_hypothesis(record, row) for row in list_rows(record)])
        return
    from app.live.live_view import list_warnings

    for warning in list_warnings(record):
        make_console().print(warning)
    from app.live.columns import FittedTable
    from pelagos.nouns import Answer

    screen, shown_rows = make_console(), list_rows(record) if all else list_rows(record, NEWEST, BEST)
    screen.print(FittedTable(summaries.make_columns(), [summaries.make_cells(record, row) for row in shown_rows]))
    for row in shown_rows:
        for finding in row.suspect:
            screen.print(f"{row.id} suspect: {format_line(finding)}", markup=False)
        fidelity = record.find_fidelity(row.id)
        if fidelity is not None and fidelity.answer is Answer.UNSETTLED:
            screen.print(f"{row.id} can't tell whether it is that: `pelagos decide RUN {row.id} --implements yes|no`")
    if len(shown_rows) < len(record.proposed):
        screen.print(f"the {len(shown_rows)} best and newest of {len(record.proposed)}; --all shows all", markup=False)


def _show_hypothesis(record: Record, id: str, json: bool) -> None:
    from app.live.board import list_rows
    from app.record import summaries

    row = next((row for row in list_rows(record) if row.id == id), None)
    if row is None:
        raise BadInput(f"{id}: no hypothesis of this run; one of {', '.join(record.hypotheses) or 'none'}")
    if json:
        print_json(summaries.summarize_hypothesis(record, row))
        return
    for text in summaries.describe_hypothesis(record, row):
        make_console().print(text, markup=False, highlight=False, soft_wrap=True)


def _format_cell(value: Any) -> str:
    return "–" if value is None else str(value)
