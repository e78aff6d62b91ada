"""The run as plain timestamped lines, for logs and pipes. A dot every second or two says that it is alive."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.board import bars
from app.feed import told
from app.progress import activity, learned, next_verdict
from app.record import Event, Record
from app.words import duration, line
from memory.faults import FULL

DOT_S = 1.5
HEARTBEAT_S = 10.0
LONGEST = 400
TELLING = {"pace", "verdict"}


class PlainView:
    """Lines on `out`. A dot moves within 2 s, a line of what is going on comes every 10 s without an event, and after
    each verdict and each start of a hypothesis."""

    def __init__(self, record: Record, out: TextIO, clock: Callable[[], float] = time.time) -> None:
        self._record, self._out, self._clock = record, out, clock
        self._line_at = self._moved_at = time.monotonic()
        self._dots = False

    def show(self, event: Event) -> None:
        text = told(self._record, event)
        if text:
            self.say(text)
        if event.kind in TELLING:
            self.say(_heartbeat(self._record, self._clock()))

    def say(self, text: str) -> None:
        start = "\n" if self._dots else ""
        self._put(f"{start}{time.strftime('%H:%M:%S', time.localtime(self._clock()))}  {line(text, LONGEST)}\n")
        self._dots = False
        self._line_at = self._moved_at = time.monotonic()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._line_at >= HEARTBEAT_S:
            self.say(_heartbeat(self._record, self._clock()))
        elif now - self._moved_at >= DOT_S:
            self._put(".")
            self._dots, self._moved_at = True, now

    def _put(self, text: str) -> None:
        """A log on a full disk misses lines; how the run ends is the drive's to say, not the view's."""
        try:
            self._out.write(text)
            self._out.flush()
        except OSError as error:
            if error.errno not in FULL:
                raise


def _heartbeat(record: Record, now: float) -> str:
    elapsed = next(bar.spent for bar in bars(record, now) if bar.name == "wall clock")
    return f"… {activity(record)}; {next_verdict(record, now)}; {learned(record)}; {duration(elapsed)} so far"


@contextmanager
def plain_view(folder: Path, record: Record, clock: Callable[[], float] = time.time) -> Iterator[PlainView]:
    view = PlainView(record, sys.stdout, clock)
    view.say(f"run folder {folder}")
    yield view
