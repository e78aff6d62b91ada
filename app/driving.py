"""Drives a run to its end in a worker thread while this one shows it and listens to signals; then writes the report.

First Ctrl-C or SIGTERM: stop at the next boundary. Second: end at once; the ledger is made for that, and the
sandboxes die with their parent.
"""

from __future__ import annotations

import os
import queue
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from app.folders import LEDGER, read
from app.output import console
from app.record import Event, Record
from app.steady import Steady
from app.warning import TEXT, asked, red
from pelagos.errors import DiskFull, Interrupted, Locked, PelagosError

if TYPE_CHECKING:
    from agents.launch import Ending

TICK_S = 0.25


class View(Protocol):
    """Something that shows a record as it grows. Called from one thread only."""

    def show(self, event: Event) -> None:
        """An event that was just folded into the record."""
        ...

    def tick(self) -> None: ...
    def say(self, text: str) -> None: ...


def drive_and_report(folder: Path) -> int:
    """Drive the run in `folder`; returns the exit code. Raises what the drive raises, with the report written first."""
    warn(folder)
    record = read(folder) if (folder / LEDGER).is_file() else Record()
    ending: Ending | None = None
    again = f"pelagos resume {shlex.quote(str(folder))}"
    try:
        with view(folder, record) as shown:
            ending = _watched(folder, record, shown)
    except PelagosError:
        _report(folder)
        raise
    except Exception:  # a bug of ours: it crashes loudly, with a report of what there is
        _report(folder)
        sys.stderr.write(f"a fault in Pelagos itself; go on from the last step with: {again}\n")
        raise
    _report(folder)
    out = sys.stdout if ending.exit_code == 0 else sys.stderr
    out.write(f"{ending.status}: {ending.reason}\n" if ending.reason else f"{ending.status}\n")
    if ending.exit_code == Interrupted.exit_code:
        sys.stderr.write(f"go on with: {again}\n")
    if ending.status == "capped":
        sys.stderr.write(f"go on with a higher cap: {again} (--hours, --max-experiments, --max-cost, --max-tokens)\n")
    return ending.exit_code


def warn(folder: Path) -> None:
    """The first line of a run whose code nothing isolates."""
    from agents.folder import FILE, read

    if (folder / FILE).is_file() and asked(read(folder).settings):
        console().print(red(TEXT), soft_wrap=True)


def _watched(folder: Path, record: Record, view: View) -> Ending:
    from agents.launch import drive

    stop, events = threading.Event(), queue.SimpleQueue[Event]()
    with _signals(stop, view.say), ThreadPoolExecutor(1, "drive") as pool:
        future = pool.submit(drive, folder, watch=events.put, stop=stop)
        while not future.done():
            wait([future], TICK_S)
            _drain(events, record, view)
            view.tick()
        _drain(events, record, view)
        return _result(future)


def _result(future: Future[Ending]) -> Ending:
    return future.result()


def _drain(events: queue.SimpleQueue[Event], record: Record, view: View) -> None:
    while not events.empty():
        event = events.get()
        record.fold(event)
        view.show(event)


def view(folder: Path, record: Record, clock: Callable[[], float] | None = None) -> AbstractContextManager[View]:
    """The live view on a terminal, plain lines elsewhere. `clock` tells what the view takes for now."""
    screen, clock = console(), clock or Steady(record)
    if screen.is_terminal:
        from app.live import live_view

        return live_view(folder, record, screen, clock)
    from app.plain import plain_view

    return plain_view(folder, record, clock)


def _report(folder: Path) -> None:
    """The report of whatever there is; a run without a single event has none."""
    from app.report.build import write

    if not (folder / LEDGER).is_file():
        return
    try:
        html, markdown = write(folder)
    except (DiskFull, Locked) as fault:  # the run's own end is told next; the report can be written any time
        sys.stdout.write(f"report: not written: {fault}\n")
        return
    sys.stdout.write(f"report: {html}\n        {markdown}\n")


@contextmanager
def _signals(stop: threading.Event, say: Callable[[str], None]) -> Iterator[None]:
    def caught(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os.write(2, b"\nended at once; `pelagos resume` goes on from the last recorded step\n")
            os._exit(Interrupted.exit_code)
        stop.set()
        say("stopping at the next boundary; once more to end at once")

    before = {number: signal.signal(number, caught) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
