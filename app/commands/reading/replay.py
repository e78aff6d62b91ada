"""`pelagos replay`: plays a run back in the live view, then writes its report. It does not change the run."""

from __future__ import annotations

import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.output import complain, make_console
from pelagos.errors import BadInput, Interrupted

if TYPE_CHECKING:
    from app.commands.drive import View
    from app.record.record import Record
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
    """Play a finished run back, without a model, a sandbox or a network. Without RUN the shipped recording is
    played."""
    from app.record.folders import find_run
    from app.replay.source import copy_run, unpack_recording

    with tempfile.TemporaryDirectory(prefix="pelagos-replay-") as scratch:
        folder = find_run(run) if run else unpack_recording(Path(scratch, "recorded"))
        _check_out(out, folder)
        source = copy_run(folder, Path(scratch))
        try:
            _show(source, folder if run else None, seconds)
        except KeyboardInterrupt:
            raise typer.Exit(Interrupted.exit_code) from None
        _write_report(source, out)


def _check_out(out: Path | None, folder: Path) -> None:
    """Raises BadInput for an `out` that is a file or lies in the run folder."""
    if out and out.exists() and not out.is_dir():
        raise BadInput(f"command line: --out {out}: is no folder; name one, or a new one")
    if out and out.resolve().is_relative_to(folder.resolve()):
        raise BadInput(
            f"command line: --out {out}: lies in the run folder, which a replay leaves as it is; name another"
        )


def _show(source: Source, run: Path | None, seconds: float) -> None:
    """Play the events of `source`. Without `run` it is the shipped recording, which the header of the view says."""
    from app.record.record import Record
    from app.replay.origin import describe_origin, format_date
    from app.replay.play import Clock, play

    screen = make_console()
    full_record = Record.from_events(source.events)
    shown_path = run or Path(f"{source.folder.name}, recorded on {format_date(full_record)}")
    screen.print(
        f"{'run' if run else 'recorded run'}: {describe_origin(full_record)}",
        markup=False,
        soft_wrap=not screen.is_terminal,
    )
    if source.damage:
        complain(source.damage)
    record, clock = Record(), Clock(source.events[0].at)
    with _open_view(shown_path, record, clock) as view:
        play(source.events, record, view, clock, seconds)


def _open_view(shown: Path, record: Record, clock: Clock) -> AbstractContextManager[View]:
    from app.commands.drive import open_view

    return open_view(shown, record, clock)


def _write_report(source: Source, out: Path | None) -> None:
    from app.report.build import write_report

    folder = out or Path(tempfile.mkdtemp(prefix="pelagos-report-"))
    html, markdown = write_report(source.folder, folder)
    sys.stdout.write(f"report: {html}\n        {markdown}\n")
