"""Meters calls: how many tokens the calls of a piece of work computed, in whichever threads it made them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Meter:
    """`read` and `written` are tokens that a model computed, without those that a prompt cache held."""

    def __init__(self) -> None:
        self.read = self.written = 0
        self._lock = threading.Lock()

    def add(self, read: int, written: int) -> None:
        with self._lock:
            self.read += read
            self.written += written


_METERS: ContextVar[tuple[Meter, ...]] = ContextVar("meters", default=())


@contextmanager
def metered() -> Iterator[Meter]:
    """While this context is open, the calls of this thread, and of threads that were given its context, count in the
    meter. A call that the ledger holds already counts as well, so that a resumed piece of work has the same sum."""
    meter = Meter()
    token = _METERS.set((*_METERS.get(), meter))
    try:
        yield meter
    finally:
        _METERS.reset(token)


def count_call(read: int, written: int) -> None:
    """Add a call to the meters that are open here."""
    for meter in _METERS.get():
        meter.add(read, written)
