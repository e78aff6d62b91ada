"""Idempotent steps (contract 1): every side effect is keyed, intended, done once and recorded.

What is recorded is never done again; what was in flight at a kill is repeated, and its first intent stays as a
witness. A failed action records nothing but its intent.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from memory.budget import Budget, Cost
from memory.ledger import Ledger

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
            self.ledger.intend(kind, key, intent)
            payload, cost = action()
            fact = self.ledger.append(kind, key, {**payload, "cost": cost._asdict()})
        except BaseException:
            self.budget.release(reservation)
            raise
        self.budget.settle(reservation, cost)
        return fact.payload


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
