"""The command line. Every command lives in the file of its group; this one mounts them and maps errors to exit codes.

Errors of Pelagos' own tree end with one line per fault on stderr and their exit code. Anything else is a programming
error and crashes loudly.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import typer

from app import deciding, doctor, reading, replaying, reporting, reproduce, running, sandboxes, tasks
from app.clash import clashes
from app.deferred import deferred
from app.output import complain
from memory.faults import on_disk
from pelagos import __version__
from pelagos.errors import BadInput, PelagosError
from pelagos.visible import visible

app = typer.Typer(
    name="pelagos",
    help="An unattended research system: leave it running overnight, trust it in the morning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
RUNS, REST = "Runs", "This machine and its tasks"
app.command(rich_help_panel=RUNS)(running.run)
app.command(rich_help_panel=RUNS)(running.resume)
app.command(rich_help_panel=RUNS)(deciding.decide)
app.command(rich_help_panel=RUNS)(replaying.replay)
app.command(rich_help_panel=RUNS)(reading.status)
app.command("list", rich_help_panel=RUNS)(reading.list_runs)
app.command(rich_help_panel=RUNS)(reading.hypotheses)
app.command(rich_help_panel=RUNS)(reporting.report)
app.command(rich_help_panel=RUNS)(reproduce.reproduce)
app.add_typer(tasks.tasks_app, name="tasks", rich_help_panel=REST)
app.add_typer(deferred("app.models", "models_app", "Models: list, get, serve."), name="models", rich_help_panel=REST)
app.add_typer(sandboxes.sandbox_app, name="sandbox", rich_help_panel=REST)
app.command(rich_help_panel=REST)(doctor.doctor)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"pelagos {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """An unattended research system: leave it running overnight, trust it in the morning."""


def _replace_unprintable() -> None:
    """Of a character that the terminal's encoding lacks a question mark is shown: titles and paths hold any."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise BadInput("the current folder is gone: change to one that exists") from None


def main() -> None:
    """Entry point. Exit codes: 0, 2, 3, 4, 5, 6, 130 (see `pelagos.errors`)."""
    hidden = clashes()
    if hidden:
        complain("\n".join(hidden))
        sys.exit(4)
    _replace_unprintable()
    try:
        with on_disk(_here()):
            app()
    except PelagosError as error:
        complain("\n".join(f"pelagos: {line}" for line in visible(str(error)).splitlines()) or "pelagos: failed")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
