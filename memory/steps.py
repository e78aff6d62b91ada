"""Idempotent steps (contract 1): every side effect is keyed, intended, done once and recorded.

What is recorded is never done again; what was in flight at a kill is repeated, and its first intent stays as a
witness. What a failed action had spent is recorded by `spend`, what a killed one had spent by `memory/unfinished.py`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from memory.budget import Budget, Cost
from memory.ledger import Ledger
from pelagos.errors import DiskFull, PelagosError

FAILED = "failed"
Action = Callable[[], tuple[dict[str, Any], Cost]]


class Steps:
    """The only way side effects happen in a run."""

    def __init__(self, ledger: Ledger, budget: Budget) -> None:
        self.ledger = ledger
        self.budget = budget
        self._locks = _KeyedLocks()

    def once(self, kind: str, key: str, intent: dict[str, Any], reserve: Cost, action: Action) -> dict[str, Any]:
        """The recorded payload of (kind, key); `action` makes it, if it isn't there, with its cost added as `cost`.

        Two threads that ask for the same key: one does it and both get the result. Raises CapReached before
        anything happens, and whatever `action` raises; the reservation is then given back.
        """
        found = self.ledger.find(kind, key)
        if found is not None:
            return found
        with self._locks.hold((kind, key)):
            found = self.ledger.find(kind, key)
            return found if found is not None else self._do(kind, key, intent, reserve, action)

    def _do(self, kind: str, key: str, intent: dict[str, Any], reserve: Cost, action: Action) -> dict[str, Any]:
        reservation = self.budget.reserve(reserve)
        try:
            self.ledger.intend(kind, key, _told(intent, reserve))
            payload, cost = action()
            fact = self.ledger.append(kind, key, {**payload, "cost": cost._asdict()})
        except BaseException as error:
            self.budget.release(reservation)
            if isinstance(error, PelagosError) and _paid(reserve):
                with contextlib.suppress(DiskFull):  # then it is settled as one that was killed
                    self.ledger.intend(FAILED, key, {"of": kind})
            raise
        self.budget.settle(reservation, cost)
        return fact.payload

    def spend(self, kind: str, key: str, payload: dict[str, Any], cost: Cost) -> None:
        """Record under `key`/0, `key`/1 ... what was spent for nothing, and count it."""
        number = 0
        while self.ledger.find(kind, f"{key}/{number}") is not None:
            number += 1
        self.ledger.append(kind, f"{key}/{number}", {**payload, "cost": cost._asdict()})
        self.budget.charge(cost)


def _paid(cost: Cost) -> bool:
    return cost.tokens > 0 or cost.usd != 0


def _told(intent: dict[str, Any], reserve: Cost) -> dict[str, Any]:
    """With what it may cost, where somebody else is paid for it."""
    return {**intent, "reserved": {"tokens": reserve.tokens, "usd": reserve.usd}} if _paid(reserve) else intent


class _KeyedLocks:
    """One lock per key, forgotten when nobody wants it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[Hashable, tuple[threading.Lock, int]] = {}

    @contextlib.contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        with self._guard:
            lock, wanted = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, wanted + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, wanted = self._locks.pop(key)
                if wanted > 1:
                    self._locks[key] = (lock, wanted - 1)
