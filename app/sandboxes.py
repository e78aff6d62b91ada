"""`pelagos sandbox probe`: which backends really work here, by running their canaries."""

from __future__ import annotations

import dataclasses
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
    from sandbox.choose import probe as probes

    found = [as_row(one) for one in probes()]
    if json:
        print_json(found)
    else:
        heads = list(found[0]) if found else ["name"]
        console().print(table(heads, ([_cell(value) for value in row.values()] for row in found)))
    if not any(works(row) for row in found):
        raise typer.Exit(4)


def as_row(probed: Probe) -> dict[str, Any]:
    """A probe as name -> value."""
    return dataclasses.asdict(probed)


def works(row: dict[str, Any]) -> bool:
    """Whether this backend counts: its canary ran and it is not the one that isolates nothing."""
    return bool(row["works"]) and row.get("name") != "unsafe"


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {'yes' if held else 'NO'}" for name, held in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else str(value)
