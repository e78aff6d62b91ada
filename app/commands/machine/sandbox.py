"""`pelagos sandbox probe`: runs the backends' canaries and prints which of them work here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from app.commands.output import Json, make_console, make_table, print_json

if TYPE_CHECKING:
    from sandbox.canary.canary import Probe

sandbox_app = typer.Typer(help="Sandbox: what isolates untrusted code here.", no_args_is_help=True)


@sandbox_app.callback()
def group() -> None:
    """Sandbox: what isolates untrusted code here."""


@sandbox_app.command()
def probe(json: Json = False) -> None:
    """Run every backend's canary and print what it isolates. Exit code 4 if no backend works."""
    from pelagos.settings_sources import load
    from sandbox.choose import probe as probe_backends

    probes = probe_backends(load(Path.cwd()).sandbox.image)
    if json:
        print_json([make_row(backend) for backend in probes])
    else:
        _show(probes)
    if not any(backend.works for backend in probes):
        raise typer.Exit(4)


def make_row(backend: Probe) -> dict[str, Any]:
    """Return a probe as name -> value."""
    return dataclasses.asdict(backend) | {"complete": backend.complete}


def _show(probes: Sequence[Probe]) -> None:
    """Print a table with an aspect per row and a backend per column; below it how each backend isolates, or why it does
    not work."""
    from sandbox.canary.canary import ASPECTS

    rows = [[aspect, *(_format_aspect(backend, aspect) for backend in probes)] for aspect in ASPECTS]
    rows.append(
        ["counts", *("complete" if backend.complete else "yes" if backend.works else "no" for backend in probes)]
    )
    make_console().print(make_table(["isolates", *(backend.name for backend in probes)], rows))
    for backend in probes:
        make_console().print(f"{backend.name}: {backend.isolation if backend.works else backend.reason}", markup=False)
        if backend.mend:
            make_console().print(f"  to mend: {backend.mend}", markup=False)


def _format_aspect(backend: Probe, aspect: str) -> str:
    return {True: "yes", False: "NO", None: "-"}[backend.checks.get(aspect)]
