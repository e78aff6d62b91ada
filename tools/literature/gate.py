"""Limits the rate of requests: one request at a time, a pause after each, and rests that a service asks for.

Each service has one gate per process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pelagos.errors import SourceFailed

_GATES: dict[tuple[str, str], Gate] = {}
_GUARD = threading.Lock()


class Gate:
    """The pause (seconds) begins at the end of an answer, so the service never sees two requests closer together."""

    def __init__(self, name: str, pause: float) -> None:
        self.name, self.pause = name, pause
        self._busy = threading.Lock()
        self._opens, self._why = 0.0, ""

    @contextmanager
    def passing(self, patience: float) -> Iterator[None]:
        """Hold the gate for one request. Raises SourceFailed if the rest is longer than `patience` seconds."""
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
        """Close the gate for `seconds`; `why` is named in the error."""
        self._opens, self._why = max(self._opens, time.monotonic() + seconds), why


def shared_gate(name: str, address: str, pause: float) -> Gate:
    """The gate of the service at `address`, with the longest pause that any caller requested."""
    with _GUARD:
        gate = _GATES.setdefault((name, address), Gate(name, pause))
        gate.pause = max(gate.pause, pause)
        return gate
