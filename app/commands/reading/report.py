"""`pelagos report`: writes report.html and report.md of a run, finished or not, from its ledger and artifacts."""

from __future__ import annotations

import typer

from app.commands.output import Json, RunArgument, print_json
from app.record.folders import find_run


def report(run: RunArgument, json: Json = False) -> None:
    """Write report.html and report.md of a run, also of an unfinished one."""
    from app.report.build import write_report

    html, markdown = write_report(find_run(run))
    if json:
        print_json({"html": str(html), "markdown": str(markdown)})
    else:
        typer.echo(f"{html}\n{markdown}")
