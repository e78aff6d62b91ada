"""CPU slots: model inference and experiments share the cores without starving each other (contract 4).

An experiment takes the slots it needs. The embedded model takes all of them; calls that think at the same time share
that one hold and queue for the engine's own slots. Turns are given in order of arrival, with one exception: when it is
a thinker's turn, every waiting thinker is admitted with it. While an experiment waits, later thinkers wait behind it,
so that neither starves.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

_ROUNDING = 1e-9


@dataclass(eq=False)
class _Ticket:
    cpus: float
    thinks: bool
    admitted: bool = False


class CpuSlots:
    """`cpus` slots of this process (default: one per core). An experiment that asks for more than there are gets all.

    A thread that holds slots must not take more: it gets a RuntimeError instead of waiting for itself.
    """

    def __init__(self, cpus: float | None = None) -> None:
        self.cpus = float(cpus or os.cpu_count() or 1)
        self._used = 0.0
        self._thinkers = 0
        self._queue: deque[_Ticket] = deque()
        self._changed = threading.Condition()
        self._mine = threading.local()

    @contextlib.contextmanager
    def take(self, cpus: float = 1.0) -> Iterator[None]:
        """Hold `cpus` slots for an experiment."""
        with self._hold(_Ticket(min(cpus, self.cpus), thinks=False)):
            yield

    @contextlib.contextmanager
    def think(self) -> Iterator[None]:
        """Hold all slots, shared with all threads that think now."""
        with self._hold(_Ticket(self.cpus, thinks=True)):
            yield

    @contextlib.contextmanager
    def _hold(self, ticket: _Ticket) -> Iterator[None]:
        if getattr(self._mine, "holds", False):
            raise RuntimeError("this thread holds slots already: release them before taking others")
        self._wait(ticket)
        self._mine.holds = True
        try:
            yield
        finally:
            self._mine.holds = False
            self._release(ticket)

    def _wait(self, ticket: _Ticket) -> None:
        with self._changed:
            self._queue.append(ticket)
            self._admit()
            try:
                self._changed.wait_for(lambda: ticket.admitted)
            except BaseException:
                self._withdraw(ticket)
                raise

    def _withdraw(self, ticket: _Ticket) -> None:
        if ticket.admitted:
            self._free(ticket)
        else:
            self._queue.remove(ticket)
        self._admit()

    def _release(self, ticket: _Ticket) -> None:
        with self._changed:
            self._free(ticket)
            self._admit()

    def _free(self, ticket: _Ticket) -> None:
        if ticket.thinks:
            self._thinkers -= 1
        else:
            self._used -= ticket.cpus

    def _admit(self) -> None:
        """Admit the waiting threads whose turn it is. The caller holds the condition."""
        while self._queue and self._fits(self._queue[0]):
            first = self._queue[0]
            for ticket in [other for other in self._queue if other.thinks] if first.thinks else [first]:
                self._queue.remove(ticket)
                ticket.admitted = True
                self._thinkers += ticket.thinks
                self._used += 0.0 if ticket.thinks else ticket.cpus
        self._changed.notify_all()

    def _fits(self, ticket: _Ticket) -> bool:
        if ticket.thinks:
            return self._used <= _ROUNDING
        return self._thinkers == 0 and self._used + ticket.cpus <= self.cpus + _ROUNDING
