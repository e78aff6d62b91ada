"""`pelagos doctor`: what this machine has, what it lacks, and the command that mends it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import typer

from app.folders import LEDGER, RUNS, all_runs
from app.output import Json, console, print_json, table
from pelagos.errors import BadInput

MARKS = {"ok": "ok", "missing": "missing", "bad": "BAD"}
MOST_WIDE = 120


def doctor(
    json: Json = False,
    clean: bool = typer.Option(False, "--clean", help="Remove what experiments of dead runs left on this machine."),
    rebuild_bank: bool = typer.Option(False, "--rebuild-bank", help="Make the hypothesis bank anew from runs/."),
) -> None:
    """Check this machine. Exit code 4 if something essential is lacking."""
    from dataclasses import asdict

    from app.checks import all_checks

    if clean:
        _clean(json)
        return
    if rebuild_bank:
        console().print(
            f"hypothesis bank: {rebuilt(Path.cwd())} hypotheses from the ledgers under {RUNS}/", markup=False
        )
        return
    found = all_checks()
    if json:
        print_json([asdict(one) for one in found])
    else:
        heads = ("check", "state", "found", "mend")
        screen = console()
        screen.width = min(screen.width, MOST_WIDE)  # sentences wrap; a pipe has no width of its own
        screen.print(table(heads, ((one.name, MARKS[one.state], one.found, one.mend) for one in found)))
    if any(one.essential and one.state != "ok" for one in found):
        raise typer.Exit(4)


def _clean(json: bool) -> None:
    from sandbox.choose import reap

    removed = reap()
    if json:
        print_json(removed)
    else:
        for line in removed or ["nothing was left behind"]:
            console().print(f"removed: {line}" if removed else line, markup=False)


def rebuilt(project: Path) -> int:
    """Make the project's bank anew with the embedder its settings name. Returns how many hypotheses it holds.

    Raises BadInput while one of the runs is driven: what it adds meanwhile would be lost.
    """
    from agents.embedding import opened
    from memory.bank import HypothesisBank
    from memory.controller import controller_of
    from memory.ledger import Ledger
    from memory.project_runs import elsewhere
    from pelagos.settings import load

    models = load(project).models
    with ExitStack() as stack:
        runs = [*all_runs(project), *(run for run in elsewhere(project) if (run / LEDGER).is_file())]
        driven = [
            f"{run}: process {pid or 'unknown'} drives it" for run in runs if (pid := controller_of(run)) is not None
        ]
        if driven:
            raise BadInput(*(f"{fault}; make the bank anew when it has ended" for fault in driven))
        ledgers = [stack.enter_context(closing(Ledger.read(run / LEDGER))) for run in runs]
        embedder = opened(models.embedder, models, project)
        bank = stack.enter_context(closing(HypothesisBank.anew(project, embedder, ledgers)))
        return len(bank)
