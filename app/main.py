"""The command line. Each command has a file in `app/commands`; this module mounts them and maps errors to exit codes.

An error of Pelagos' own tree is printed on stderr, one line per fault, and sets the exit code. Any other exception is a
programming error and ends in a traceback.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import typer

from app.commands import run, tasks
from app.commands.agents_door import idea, judge, mcp
from app.commands.deferred_group import defer_group
from app.commands.machine import doctor, sandbox
from app.commands.output import complain
from app.commands.reading import compare, digest, replay, report, reproduce, search, status
from app.commands.reviewer import decide, pause, propose, review, steer
from app.import_conflicts import find_conflicts
from memory.files.disk_errors import translate_disk_errors
from pelagos import __version__
from pelagos.errors import BadInput, PelagosError
from pelagos.visible import make_visible

app = typer.Typer(
    name="pelagos",
    help="An unattended research system: leave it running overnight, trust it in the morning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
RUNS, REST = "Runs", "This machine and its tasks"
app.command(rich_help_panel=RUNS)(run.run)
app.command(rich_help_panel=RUNS)(run.resume)
app.command(rich_help_panel=RUNS)(pause.pause)
app.command(rich_help_panel=RUNS)(pause.stop)
app.command(rich_help_panel=RUNS)(review.review)
app.command(rich_help_panel=RUNS)(decide.decide)
app.command(rich_help_panel=RUNS)(propose.propose)
app.command(rich_help_panel=RUNS)(steer.steer)
app.command(rich_help_panel=RUNS)(replay.replay)
app.command(rich_help_panel=RUNS)(status.status)
app.command("list", rich_help_panel=RUNS)(status.list_runs)
app.command(rich_help_panel=RUNS)(digest.digest)
app.command(rich_help_panel=RUNS)(status.hypotheses)
app.command(rich_help_panel=RUNS)(search.search)
app.command(rich_help_panel=RUNS)(compare.compare)
app.command(rich_help_panel=RUNS)(report.report)
app.command(rich_help_panel=RUNS)(reproduce.reproduce)
app.command(rich_help_panel=RUNS)(idea.idea)
app.command(rich_help_panel=RUNS)(judge.judge)
app.command(rich_help_panel=RUNS)(mcp.mcp)
app.add_typer(tasks.tasks_app, name="tasks", rich_help_panel=REST)
app.add_typer(
    defer_group("app.commands.machine.models", "models_app", "Models: list, get, serve."),
    name="models",
    rich_help_panel=REST,
)
app.add_typer(
    defer_group("app.commands.machine.data", "data_app", "Data: list, get."), name="data", rich_help_panel=REST
)
app.add_typer(
    defer_group("app.commands.plugins.tools", "tools_app", "Domain tools: list, check."),
    name="tools",
    rich_help_panel=REST,
)
app.add_typer(sandbox.sandbox_app, name="sandbox", rich_help_panel=REST)
app.add_typer(
    defer_group("app.commands.machine.verifier", "verifier_app", "Verifiers: list, score, eval."),
    name="verifier",
    rich_help_panel=REST,
)
app.command(rich_help_panel=REST)(doctor.doctor)


def _show_version(requested: bool) -> None:
    if requested:
        typer.echo(f"pelagos {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """An unattended research system: leave it running overnight, trust it in the morning."""


def _replace_unprintable() -> None:
    """Print a question mark for a character that the terminal's encoding lacks: titles and paths hold any character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _get_current_folder() -> Path:
    """Return the current folder. Raises BadInput where it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise BadInput("the current folder is gone: change to one that exists") from None


def main() -> None:
    """Run the command line. Exit codes: 0, 2, 3, 4, 5, 6, 130 (see `pelagos.errors`)."""
    conflicts = find_conflicts()
    if conflicts:
        complain("\n".join(conflicts))
        sys.exit(4)
    _replace_unprintable()
    try:
        with translate_disk_errors(_get_current_folder()):
            app()
    except PelagosError as error:
        complain("\n".join(f"pelagos: {line}" for line in make_visible(str(error)).splitlines()) or "pelagos: failed")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
