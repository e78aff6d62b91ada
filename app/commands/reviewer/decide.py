"""`pelagos decide`: lists the hypotheses that wait for a reviewer, and records decisions. It works on a stopped run and
beside the process that drives a run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.commands.output import By, Json, RunArgument, make_console, print_json
from app.record import folders
from pelagos.errors import BadInput

if TYPE_CHECKING:
    from app.record.record import Record

HASH_LENGTH = 8
Decision = Literal["accept", "reject", "revise", "more"]


def decide(
    run: RunArgument,
    hypothesis: Annotated[
        str | None, typer.Argument(metavar="HYPOTHESIS", help="Its id. Without it, what waits is listed.")
    ] = None,
    decision: Annotated[Decision | None, typer.Argument(metavar="accept|reject|revise|more")] = None,
    note: Annotated[str, typer.Option(help="Your words: they go to whoever plans and builds it.")] = "",
    implements: Annotated[
        Literal["yes", "no"] | None, typer.Option(help="Whether what was built for it is what it says.")
    ] = None,
    seen: Annotated[
        str, typer.Option(metavar="HASH", help="The hash of what you saw, as listed. Refused if it changed.")
    ] = "",
    by: By = "",
    json: Json = False,
) -> None:
    """Say what becomes of a hypothesis of a run with --review; RUN alone lists what waits.

    accept: it is built. reject: it is thrown out for good, and ideation is told.
    revise: it is planned anew with your --note, and waits again.
    Until the run acts on it, a later decision replaces an earlier one.
    A running drive notices within a second; else `pelagos resume RUN` goes on.

    more, in any run: more validation seeds for one that is undecided, up to judge.max_seeds.

    --implements yes|no, in any run: whether what was built for HYPOTHESIS is what it says, where nobody can tell or the
    answer is wrong. Where it isn't, it is reported by the name of what was done.
    """
    from app.review.acts import operations

    folder = folders.find_run(run)
    if implements is not None:
        if hypothesis is None:
            raise BadInput("decide --implements: name the hypothesis before it")
        typer.echo(operations.decide_fidelity(folder, hypothesis, implements == "yes"))
    elif hypothesis is None:
        _check_reviewed(folder)
        _list_waiting(folder, json)
    elif decision is None:
        raise BadInput(f"decide {hypothesis}: say accept, reject or revise after it, or more")
    elif decision == "more":
        typer.echo(operations.ask_more(folder, hypothesis, seen, by or operations.default_name()))
    else:
        name = by or operations.default_name()
        typer.echo(operations.decide(folder, hypothesis, decision, note, seen, by=name))


def _check_reviewed(folder: Path) -> None:
    from agents.setup.run_folder import read as read_run_file

    if read_run_file(folder).resolved().loop.review == "off":
        raise BadInput(f"{folder}: this run asks nobody: it was launched without --review")


def _list_waiting(folder: Path, json: bool) -> None:
    record = folders.read_record(folder)
    items = [_make_item(record, id) for id in record.list_waiting()]
    if json:
        print_json(items)
    elif not items:
        typer.echo("no hypothesis waits for a review")
    else:
        from app.live.columns import Column, FittedTable

        texts = [Column("id"), Column("title", min_width=24), Column("target", min_width=12, rank=1)]
        columns = [*texts, Column("decision"), Column("seen", rank=2)]
        rows = [[str(item[column.head]) for column in columns] for item in items]
        make_console().print(FittedTable(columns, [[*row[:-1], row[-1][:HASH_LENGTH]] for row in rows]))
        typer.echo(f"pelagos decide {shlex.quote(str(folder))} {items[0]['id']} accept|reject|revise [--note TEXT]")


def _make_item(record: Record, id: str) -> dict[str, Any]:
    request = record.review_requests[id]
    note = record.decisions[request].note if request in record.decisions else ""
    plans = [plan.model_dump(mode="json") for plan in record.plans.list_of(id)]
    decision = {"decision": record.find_decision(id), "note": note, "seen": request}
    return {**record.hypotheses[id].model_dump(mode="json"), **decision, "plans": plans}
