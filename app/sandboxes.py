"""`pelagos sandbox probe`: which backends really work here, by running their canaries."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from app.output import Json, console, print_json, table

if TYPE_CHECKING:
    from sandbox.canary import Probe

sandbox_app = typer.Typer(help="Sandbox: what isolates untrusted code here.", no_args_is_help=True)


@sandbox_app.callback()
def group() -> None:
    """Sandbox: what isolates untrusted code here."""


@sandbox_app.command()
def probe(json: Json = False) -> None:
    """Run every backend's canary and say what holds. Exit code 4 if none does."""
    from pelagos.settings import load
    from sandbox.choose import probe as probes

    found = probes(load(Path.cwd()).sandbox.image)
    if json:
        print_json([as_row(one) for one in found])
    else:
        _show(found)
    if not any(one.works for one in found):
        raise typer.Exit(4)


def as_row(probed: Probe) -> dict[str, Any]:
    """A probe as name -> value."""
    return dataclasses.asdict(probed) | {"complete": probed.complete}


def _show(found: Sequence[Probe]) -> None:
    """An aspect per row, a backend per column; below it what each one is, or why it doesn't count."""
    from sandbox.canary import ASPECTS

    rows = [[aspect, *(_held(one, aspect) for one in found)] for aspect in ASPECTS]
    rows.append(["counts", *("complete" if one.complete else "yes" if one.works else "no" for one in found)])
    console().print(table(["isolates", *(one.name for one in found)], rows))
    for one in found:
        console().print(f"{one.name}: {one.isolation if one.works else one.reason}", markup=False)
        if one.mend:
            console().print(f"  to mend: {one.mend}", markup=False)


def _held(probed: Probe, aspect: str) -> str:
    return {True: "yes", False: "NO", None: "-"}[probed.checks.get(aspect)]
