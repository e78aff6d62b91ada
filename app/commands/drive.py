"""Drives a run to its end in a worker thread, while this thread shows it and handles signals; then writes the report.

The first Ctrl-C or SIGTERM stops the run at the next boundary. The second one ends the process at once: the ledger
survives that, and the sandboxes die with their parent.
"""

from __future__ import annotations

import os
import queue
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from app.commands.output import make_console
from app.live.board import BEST, NEWEST
from app.live.view_clock import ViewClock
from app.record.event import Event
from app.record.folders import LEDGER, read_condensed
from app.record.record import Record
from app.unsafe_warning import TEXT, is_unsafe, style_warning
from pelagos.errors import DiskFull, Interrupted, Locked, PelagosError

if TYPE_CHECKING:
    from pelagos.facts.drive import Ending

TICK_S = 0.25


class View(Protocol):
    """Shows a record while events are added to it. All calls come from one thread."""

    def show(self, event: Event) -> None:
        """Show an event that was just folded into the record."""
        ...

    def tick(self) -> None: ...
    def say(self, text: str) -> None: ...


def drive_and_report(folder: Path) -> int:
    """Drive the run in `folder`, write its report and return the exit code. Raises what the drive raises, after the
    report is written."""
    warn(folder)
    record = read_condensed(folder, NEWEST, BEST) if (folder / LEDGER).is_file() else Record()
    ending: Ending | None = None
    resume_command = f"pelagos resume {shlex.quote(str(folder))}"
    try:
        with open_view(folder, record) as view:
            ending = _drive_watched(folder, record, view)
    except PelagosError:
        _write_report(folder)
        raise
    except Exception:  # a programming error: it ends in a traceback, after a report of the events so far
        _write_report(folder)
        sys.stderr.write(f"a fault in Pelagos itself; go on from the last step with: {resume_command}\n")
        raise
    _write_report(folder)
    out = sys.stdout if ending.exit_code == 0 else sys.stderr
    out.write(f"{ending.status}: {ending.reason}\n" if ending.reason else f"{ending.status}\n")
    if ending.exit_code == Interrupted.exit_code:
        sys.stderr.write(f"go on with: {resume_command}\n")
    if ending.status == "capped":
        sys.stderr.write(
            f"go on with a higher cap: {resume_command} (--hours, --max-experiments, --max-cost, --max-tokens)\n"
        )
    return ending.exit_code


def warn(folder: Path) -> None:
    """Print a warning where nothing isolates the code of the run."""
    from agents.setup.run_folder import FILE
    from agents.setup.run_folder import read as read_run_file

    if (folder / FILE).is_file() and is_unsafe(read_run_file(folder).settings):
        make_console().print(style_warning(TEXT), soft_wrap=True)


def _drive_watched(folder: Path, record: Record, view: View) -> Ending:
    from agents.launch import drive
    from pelagos.settings_sources import load

    own = load(Path.cwd())
    stop, events = threading.Event(), queue.SimpleQueue[Event]()
    with _stop_on_signals(stop, view.say), ThreadPoolExecutor(1, "drive") as pool:
        future = pool.submit(drive, folder, watch=events.put, stop=stop, notify=own.notify, external=own.external_tools)
        while not future.done():
            wait([future], TICK_S)
            _show_events(events, record, view)
            view.tick()
        _show_events(events, record, view)
        return future.result()


def _show_events(events: queue.SimpleQueue[Event], record: Record, view: View) -> None:
    while not events.empty():
        event = events.get()
        record.fold(event)
        view.show(event)


def open_view(folder: Path, record: Record, clock: Callable[[], float] | None = None) -> AbstractContextManager[View]:
    """Open the live view on a terminal, plain lines elsewhere. `clock` returns the current time in Unix seconds."""
    console, clock = make_console(), clock or ViewClock(record)
    if console.is_terminal:
        from app.live.live_view import open_live_view

        return open_live_view(folder, record, console, clock)
    from app.live.plain_view import open_plain_view

    return open_plain_view(folder, record, clock)


def _write_report(folder: Path) -> None:
    """Write the report of the events so far, and print its paths. A run without any event has no report."""
    from app.report.build import write_report

    if not (folder / LEDGER).is_file():
        return
    try:
        html, markdown = write_report(folder)
    except (DiskFull, Locked) as fault:  # the run's own end is printed next; the report can be written at any time
        sys.stdout.write(f"report: not written: {fault}\n")
        return
    sys.stdout.write(f"report: {html}\n        {markdown}\n")


@contextmanager
def _stop_on_signals(stop: threading.Event, say: Callable[[str], None]) -> Iterator[None]:
    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os.write(2, b"\nended at once; `pelagos resume` goes on from the last recorded step\n")
            os._exit(Interrupted.exit_code)
        stop.set()
        say("stopping at the next boundary; once more to end at once")

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
