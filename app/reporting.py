"""`pelagos report`: writes report.html and report.md from the ledger and artifacts, of any run, finished or not."""

from __future__ import annotations

import typer

from app.folders import find
from app.output import Json, RunArgument, print_json


def report(run: RunArgument, json: Json = False) -> None:
    """Write report.html and report.md of a run, also of an unfinished one."""
    from app.report.build import write

    html, markdown = write(find(run))
    if json:
        print_json({"html": str(html), "markdown": str(markdown)})
    else:
        typer.echo(f"{html}\n{markdown}")
