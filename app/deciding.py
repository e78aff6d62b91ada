"""`pelagos decide`: what waits for a reviewer, and the reviewer's word. Works beside a running drive and on a stopped
run."""

from __future__ import annotations

import shlex
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app import folders
from app.output import Json, RunArgument, console, print_json
from pelagos.errors import BadInput

if TYPE_CHECKING:
    from app.record import Record

SHOWN = 8


def decide(
    run: RunArgument,
    hypothesis: Annotated[str | None, typer.Argument(metavar="HYPOTHESIS", help="Its id; none: what waits.")] = None,
    decision: Annotated[
        Literal["accept", "reject", "revise"] | None, typer.Argument(metavar="accept|reject|revise")
    ] = None,
    note: Annotated[str, typer.Option(help="Your words: they go to whoever plans and builds it.")] = "",
    seen: Annotated[str, typer.Option(metavar="HASH", help="What you saw, as listed: refused if it changed.")] = "",
    json: Json = False,
) -> None:
    """Say what becomes of a hypothesis of a run with --review; RUN alone lists what waits.

    accept: it is built. reject: it is thrown out for good, and ideation is told.
    revise: it is planned anew with your --note, and waits again.
    Until the run acts on it, a later decision replaces an earlier one.
    A running drive notices within a second; else `pelagos resume RUN` goes on.
    """
    folder = folders.find(run)
    _check_reviewed(folder)
    if hypothesis is None:
        _list(folder, json)
        return
    if decision is None:
        raise BadInput(f"decide {hypothesis}: say accept, reject or revise after it")
    from agents.reviews import decide as recorded
    from memory.ledger import Ledger

    with closing(Ledger.open(folder / folders.LEDGER)) as ledger:
        replaced = recorded(ledger, hypothesis, decision, note, seen)
    typer.echo(f"{hypothesis}: {decision}{f', in place of {replaced}' if replaced else ''}; {_next(folder)}")


def _check_reviewed(folder: Path) -> None:
    from agents.folder import read

    if read(folder).resolved().loop.review == "off":
        raise BadInput(f"{folder}: this run asks nobody: it was launched without --review")


def _next(folder: Path) -> str:
    from memory.controller import controller_of

    pid = controller_of(folder)
    return f"process {pid} goes on with it" if pid else f"go on by `pelagos resume {shlex.quote(str(folder))}`"


def _list(folder: Path, json: bool) -> None:
    record = folders.read(folder)
    found = [_waiting(record, id) for id in record.waiting()]
    if json:
        print_json(found)
    elif not found:
        typer.echo("no hypothesis waits for a review")
    else:
        from app.columns import Column, Fitted

        columns = [Column("id"), Column("title", least=24), Column("target", least=12, rank=1), Column("decision"),
                   Column("seen", rank=2)]  # fmt: skip
        rows = [[str(one[column.head]) for column in columns] for one in found]
        console().print(Fitted(columns, [[*row[:-1], row[-1][:SHOWN]] for row in rows]))
        typer.echo(f"pelagos decide {shlex.quote(str(folder))} {found[0]['id']} accept|reject|revise [--note TEXT]")


def _waiting(record: Record, id: str) -> dict[str, Any]:
    seen = record.wanted[id]
    said = record.decisions.get(seen, {})
    plans = [plan.model_dump(mode="json") for plan in record.plans.get(id, [])]
    told = {"decision": str(said.get("decision", "")), "note": str(said.get("note", "")), "seen": seen}
    return {**record.hypotheses[id].model_dump(mode="json"), **told, "plans": plans}
