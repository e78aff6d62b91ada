"""Idempotent steps (contract 1): every side effect is keyed, intended, done once and recorded.

What is recorded is never done again; what was in flight at a kill is repeated, and its first intent stays as a
witness. What the machinery spoiled is tried again within a bound (`memory.attempts`). What a failed action had spent is
recorded by `spend`, what a killed one had spent by `memory/unfinished.py`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar

from memory.attempts import Attempts, cause_of_death
from memory.budget import Budget, Cost
from memory.ledger import Ledger
from pelagos.errors import DiskFull, PelagosError, SandboxError

FAILED = "failed"
R = TypeVar("R")
Action = Callable[[], tuple[dict[str, Any], Cost]]


class Steps:
    """The only way side effects happen in a run. `stop` ends the wait before another attempt."""

    def __init__(self, ledger: Ledger, budget: Budget, stop: threading.Event | None = None) -> None:
        self.ledger = ledger
        self.budget = budget
        self._stop = stop or threading.Event()
        self._locks = _KeyedLocks()

    def once(self, kind: str, key: str, intent: dict[str, Any], reserve: Cost, action: Action) -> dict[str, Any]:
        """The recorded payload of (kind, key); `action` makes it, if it isn't there, with its cost added as `cost`.

        Two threads that ask for the same key: one does it and both get the result. Raises CapReached before
        anything happens, RunFailed where the machinery failed at each attempt, and whatever else `action` raises; the
        reservation is then given back. An attempt at an experiment that was killed costs what it costs.
        """
        found = self.ledger.find(kind, key)
        if found is not None:
            return found
        with self._locks.hold((kind, key)):
            found = self.ledger.find(kind, key)
            return found if found is not None else self._do(kind, key, intent, reserve, action)

    def tried(self, kind: str, key: str, action: Callable[[], R], death: Callable[[R], str] = lambda _: "") -> R:
        """What `action` returns; nothing is recorded but attempts that the machinery spoiled. `death` says how what
        ran was killed from outside; the last attempt's result is returned all the same.

        Raises RunFailed after the last attempt that ended in a SandboxError, and whatever else `action` raises.
        """
        attempts = Attempts(self.ledger, self._stop, kind, key)
        while True:
            try:
                made = action()
            except SandboxError as error:
                attempts.failed(error)
                continue
            cause = death(made)
            if not cause or not attempts.killed(cause, {}):
                return made
            attempts.wait()

    def _do(self, kind: str, key: str, intent: dict[str, Any], reserve: Cost, action: Action) -> dict[str, Any]:
        attempts = Attempts(self.ledger, self._stop, kind, key)
        while True:
            reservation = self.budget.reserve(reserve)
            try:
                self.ledger.intend(kind, key, _told(intent, reserve))
                payload, cost = action()
                self.budget.mark()
                payload = {**payload, "cost": cost._asdict()}
                cause = cause_of_death(payload)
                again = bool(cause) and attempts.killed(cause, payload)
                fact = payload if again else self.ledger.append(kind, key, payload).payload
            except SandboxError as error:
                self.budget.release(reservation)
                attempts.failed(error)
                continue
            except BaseException as error:
                self.budget.release(reservation)
                self._failed(kind, key, reserve, error)
                raise
            self.budget.settle(reservation, cost)
            if not again:
                return fact
            attempts.wait()

    def _failed(self, kind: str, key: str, reserve: Cost, error: BaseException) -> None:
        """A row that says so of a call that is paid for: it is over, and no kill left it unfinished."""
        if isinstance(error, PelagosError) and _paid(reserve):
            with contextlib.suppress(DiskFull):  # then it is settled as one that was killed
                self.ledger.intend(FAILED, key, {"of": kind})

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
