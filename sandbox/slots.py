"""CPU slots: thinking and experiments share the cores without starving each other (contract 4).

An experiment takes the slots it needs. The embedded model takes all of them; calls that think at the same time share
that one hold, so that parallel drafts run as one batch. Requests are served in the order they came: a thinker that
arrives after a waiting experiment waits for it, and the other way round.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator


class Slots:
    """`cpus` slots of this process. An experiment that asks for more than there are gets them all."""

    def __init__(self, cpus: float) -> None:
        self.cpus = cpus
        self._free = cpus
        self._thinkers = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def take(self, cpus: float = 1.0) -> Iterator[None]:
        """Hold `cpus` slots for an experiment."""
        wanted = min(cpus, self.cpus)
        with self._changed:
            self._wait(lambda: self._thinkers == 0 and self._free >= wanted)
            self._free -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()

    @contextlib.contextmanager
    def think(self) -> Iterator[None]:
        """Hold every slot, together with all who think now."""
        with self._changed:
            self._wait(lambda: self._thinkers > 0 or self._free >= self.cpus)
            self._thinkers += 1
        try:
            yield
        finally:
            with self._changed:
                self._thinkers -= 1
                self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool]) -> None:
        """Wait for our turn in the queue and then for `ready`. Holds the condition."""
        ticket = object()
        self._queue.append(ticket)
        try:
            self._changed.wait_for(lambda: self._queue[0] is ticket and ready())
        finally:
            self._queue.remove(ticket)
            self._changed.notify_all()
