"""`pelagos replay`: a run played back through the views of a live one, then its report. The run isn't changed."""

from __future__ import annotations

import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.output import complain, console
from pelagos.errors import BadInput, Interrupted

if TYPE_CHECKING:
    from app.driving import View
    from app.record import Record
    from app.replay.play import Clock
    from app.replay.source import Source

SECONDS = 18.0


def replay(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run folder, or its name under runs/; the shipped run if absent."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.0, help="How long the events take, in seconds.")] = SECONDS,
    out: Annotated[Path | None, typer.Option(help="Folder for the report; a temporary one by default.")] = None,
) -> None:
    """Play a finished run back, without a model, a sandbox or a network. Without RUN: a real one that is shipped."""
    from app.folders import find
    from app.replay.source import copied, recorded

    with tempfile.TemporaryDirectory(prefix="pelagos-replay-") as scratch:
        folder = find(run) if run else recorded(Path(scratch, "recorded"))
        _outside(out, folder)
        source = copied(folder, Path(scratch))
        try:
            _show(source, folder if run else None, seconds)
        except KeyboardInterrupt:
            raise typer.Exit(Interrupted.exit_code) from None
        _report(source, out)


def _outside(out: Path | None, folder: Path) -> None:
    if out and out.exists() and not out.is_dir():
        raise BadInput(f"command line: --out {out}: is no folder; name one, or a new one")
    if out and out.resolve().is_relative_to(folder.resolve()):
        raise BadInput(
            f"command line: --out {out}: lies in the run folder, which a replay leaves as it is; name another"
        )


def _show(source: Source, run: Path | None, seconds: float) -> None:
    """Without `run` it is the shipped one, and the views say so for as long as they are seen."""
    from app.record import Record
    from app.replay.origin import date, origin
    from app.replay.play import Clock, play

    screen = console()
    whole = Record.of(source.events)
    shown = run or Path(f"{source.folder.name}, recorded on {date(whole)}")
    screen.print(f"{'run' if run else 'recorded run'}: {origin(whole)}", markup=False, soft_wrap=not screen.is_terminal)
    if source.damage:
        complain(source.damage)
    record, clock = Record(), Clock(source.events[0].at)
    with _view(shown, record, clock) as view:
        play(source.events, record, view, clock, seconds)


def _view(shown: Path, record: Record, clock: Clock) -> AbstractContextManager[View]:
    from app.driving import view

    return view(shown, record, clock)


def _report(source: Source, out: Path | None) -> None:
    from app.report.build import write

    folder = out or Path(tempfile.mkdtemp(prefix="pelagos-report-"))
    html, markdown = write(source.folder, folder)
    sys.stdout.write(f"report: {html}\n        {markdown}\n")
