"""`pelagos doctor`: what this machine has, what it lacks, and the command that mends it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import typer

from app.commands.output import Json, make_console, make_table, print_json
from app.record.folders import LEDGER, RUNS, list_all_run_folders, list_run_folders
from pelagos.errors import BadInput, DamagedRun

MARKS = {"ok": "ok", "missing": "missing", "bad": "BAD"}
MAX_WIDTH = 120


def doctor(
    json: Json = False,
    clean: bool = typer.Option(False, "--clean", help="Remove what experiments of dead runs left on this machine."),
    verify: bool = typer.Option(False, "--verify", help="Verify every row of the ledgers under runs/."),
    rebuild_bank: bool = typer.Option(False, "--rebuild-bank", help="Make the hypothesis bank anew from runs/."),
) -> None:
    """Check this machine. Exit code 4 if something essential is lacking, 5 if a ledger is damaged."""
    from dataclasses import asdict

    from app.commands.machine.doctor_checks import run_checks

    if clean:
        _clean(json)
        return
    if verify:
        _verify(Path.cwd())
        return
    if rebuild_bank:
        make_console().print(
            f"hypothesis bank: {recreate_bank(Path.cwd())} hypotheses from the ledgers under {RUNS}/", markup=False
        )
        return
    checks = run_checks()
    if json:
        print_json([asdict(check) for check in checks])
    else:
        headings = ("check", "state", "found", "mend")
        screen = make_console()
        screen.width = min(screen.width, MAX_WIDTH)  # sentences wrap; a pipe has no width of its own
        screen.print(
            make_table(headings, ((check.name, MARKS[check.state], check.found, check.mend) for check in checks))
        )
    if any(check.essential and check.state != "ok" for check in checks):
        raise typer.Exit(4)


def _clean(json: bool) -> None:
    from sandbox.choose import reap

    removed = reap()
    if json:
        print_json(removed)
    else:
        for line in removed or ["nothing was left behind"]:
            make_console().print(f"removed: {line}" if removed else line, markup=False)


def _verify(project: Path) -> None:
    """Verify all rows of all ledgers, also those that a normal opening skips because they were verified before. Exits
    with the code of DamagedRun where a ledger is damaged."""
    from memory.ledger import repair, verified_mark

    faults = 0
    for run in list_run_folders(project):
        end, fault = repair.check(run / LEDGER)
        if fault:
            verified_mark.remove(run / LEDGER)  # so that the next opening finds it too, and repairs it
        faults += bool(fault)
        advice = (
            f"; the {end.seq} rows before it are sound, and `pelagos resume {run.name}` keeps them" if fault else ""
        )
        make_console().print(
            f"{run.name}: {f'{fault}{advice}' if fault else f'{end.seq} rows, all sound'}", markup=False
        )
    if faults:
        raise typer.Exit(DamagedRun.exit_code)


def recreate_bank(project: Path) -> int:
    """Make the project's bank anew with the embedder that its settings name. Return the number of its hypotheses.

    Raises BadInput while a process drives one of the runs: what that run adds meanwhile would be lost.
    """
    from agents.setup.embedding import open_embedder
    from memory.bank.bank import HypothesisBank
    from memory.files.run_lock import lock_holder
    from memory.ledger.ledger import Ledger
    from pelagos.settings_sources import load

    models = load(project).models
    with ExitStack() as stack:
        runs = list_all_run_folders(project)
        faults = [
            f"{run}: process {pid or 'unknown'} drives it" for run in runs if (pid := lock_holder(run)) is not None
        ]
        if faults:
            raise BadInput(*(f"{line}; make the bank anew when it has ended" for line in faults))
        ledgers = [stack.enter_context(closing(Ledger.read(run / LEDGER))) for run in runs]
        embedder = open_embedder(models.embedder, models, project)
        bank = stack.enter_context(closing(HypothesisBank.recreate(project, embedder, ledgers)))
        return len(bank)
