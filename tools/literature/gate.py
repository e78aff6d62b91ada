"""A rate gate: one request at a time, a pause after each, and rests that a service asks for. One per service and
process, whoever asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pelagos.errors import SourceFailed

_GATES: dict[tuple[str, str], Gate] = {}
_GUARD = threading.Lock()


class Gate:
    """The pause counts from the end of an answer, so that the service never sees two requests closer than that."""

    def __init__(self, name: str, pause: float) -> None:
        self.name, self.pause = name, pause
        self._busy = threading.Lock()
        self._opens, self._why = 0.0, ""

    @contextmanager
    def passing(self, patience: float) -> Iterator[None]:
        """Hold the gate for one request. Raises SourceFailed where the rest asked for is longer than `patience`."""
        with self._busy:
            left = self._opens - time.monotonic()
            if self._why and left > patience:
                raise SourceFailed(f"{self.name}: {self._why}; left alone for {left:.0f} s more")
            if left > 0:
                time.sleep(left)
            self._why = ""
            try:
                yield
            finally:
                self._opens = max(self._opens, time.monotonic() + self.pause)

    def rest(self, seconds: float, why: str) -> None:
        """Closed for so long."""
        self._opens, self._why = max(self._opens, time.monotonic() + seconds), why


def gate(name: str, address: str, pause: float) -> Gate:
    """The one gate of the service of that name at `address`; the longest pause that anyone named holds."""
    with _GUARD:
        found = _GATES.setdefault((name, address), Gate(name, pause))
        found.pause = max(found.pause, pause)
        return found
