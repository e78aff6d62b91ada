"""Plain timestamped lines of a run, for logs and pipes. A dot every second or two shows that the run goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.formatting import format_duration, format_line
from app.live.board import list_budgets
from app.live.event_lines import describe_event
from app.live.progress import describe_activity, estimate_next_verdict, summarize_verdicts
from app.record.event import Event
from app.record.record import Record
from pelagos.disk_space import NO_SPACE_ERRNOS

DOT_S = 1.5
HEARTBEAT_S = 10.0
MAX_LENGTH = 400
PROGRESS_KINDS = {"pace", "verdict"}


class PlainView:
    """Writes lines to `out`: a dot within 2 s, and a line about the progress after 10 s without an event, after each
    verdict and after each start of a hypothesis."""

    def __init__(self, record: Record, out: TextIO, clock: Callable[[], float] = time.time) -> None:
        self._record, self._out, self._clock = record, out, clock
        self._line_at = self._moved_at = time.monotonic()
        self._dots = False

    def show(self, event: Event) -> None:
        text = describe_event(self._record, event)
        if text:
            self.say(text)
        if event.kind in PROGRESS_KINDS:
            self.say(_describe_progress(self._record, self._clock()))

    def say(self, text: str) -> None:
        start = "\n" if self._dots else ""
        self._write(
            f"{start}{time.strftime('%H:%M:%S', time.localtime(self._clock()))}  {format_line(text, MAX_LENGTH)}\n"
        )
        self._dots = False
        self._line_at = self._moved_at = time.monotonic()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._line_at >= HEARTBEAT_S:
            self.say(_describe_progress(self._record, self._clock()))
        elif now - self._moved_at >= DOT_S:
            self._write(".")
            self._dots, self._moved_at = True, now

    def _write(self, text: str) -> None:
        """Write to the log, and skip what a full disk has no room for: the drive reports a full disk, not the view."""
        try:
            self._out.write(text)
            self._out.flush()
        except OSError as error:
            if error.errno not in NO_SPACE_ERRNOS:
                raise


def _describe_progress(record: Record, now: float) -> str:
    elapsed = next(bar.spent for bar in list_budgets(record, now) if bar.name == "wall clock")
    parts = (describe_activity(record), estimate_next_verdict(record, now), summarize_verdicts(record))
    return f"… {'; '.join(parts)}; {format_duration(elapsed)} so far"


@contextmanager
def open_plain_view(folder: Path, record: Record, clock: Callable[[], float] = time.time) -> Iterator[PlainView]:
    view = PlainView(record, sys.stdout, clock)
    view.say(f"run folder {folder}")
    yield view
