"""`pelagos doctor`: what this machine has, what it lacks, and the command that mends it."""

from __future__ import annotations

import typer

from app.output import Json, console, print_json, table

MARKS = {"ok": "ok", "missing": "missing", "bad": "BAD"}


def doctor(json: Json = False) -> None:
    """Check this machine. Exit code 4 if something essential is lacking."""
    from dataclasses import asdict

    from app.checks import all_checks

    found = all_checks()
    if json:
        print_json([asdict(one) for one in found])
    else:
        heads = ("check", "state", "found", "mend")
        console().print(table(heads, ((one.name, MARKS[one.state], one.found, one.mend) for one in found)))
    if any(one.essential and one.state != "ok" for one in found):
        raise typer.Exit(4)
