"""Runs idempotent steps (contract 1): every side effect has a key, is announced by an intent, done once and recorded.

A recorded step is never done again. A step in progress at a kill is repeated; its first intent remains. An attempt
that the machinery spoiled is repeated within a bound (`memory.steps.attempts`). `spend` records what a failed action
had cost, `memory/steps/unfinished.py` what a killed one had cost.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from pydantic import BaseModel

from memory.ledger.ledger import Ledger
from memory.steps.attempts import Attempts, killed_cause
from memory.steps.budget import Budget
from pelagos.errors import DiskFull, PelagosError, SandboxError
from pelagos.facts.fact import Cost, Fact, dump_payload, find_kind
from pelagos.facts.reader import read
from pelagos.facts.work import Failed, Intent

R = TypeVar("R")
F = TypeVar("F", bound=BaseModel)
Action = Callable[[], tuple[dict[str, Any], Cost]]


class Steps:
    """The only way to make side effects in a run. Setting `stop` ends the wait before another attempt."""

    def __init__(self, ledger: Ledger, budget: Budget, stop: threading.Event | None = None) -> None:
        self.ledger = ledger
        self.budget = budget
        self._stop = stop or threading.Event()
        self._locks = _KeyedLocks(budget.resting)

    def once(self, kind: str, key: str, intent: dict[str, Any], reserve: Cost, action: Action) -> dict[str, Any]:
        """Return the recorded payload of (kind, key). Where there is none, `action` makes it; its cost is added as
        `cost`.

        Where two threads ask for the same key, one does the step and both get the result. Raises CapReached before
        anything happens, RunFailed where the machinery failed at each attempt, and whatever else `action` raises; the
        reservation is then released. An attempt at an experiment that was killed is charged.
        """
        recorded = self.ledger.find(kind, key)
        if recorded is not None:
            return recorded
        with self._locks.hold((kind, key)):
            recorded = self.ledger.find(kind, key)
            return recorded if recorded is not None else self._do(kind, key, intent, reserve, action)

    def made(self, record: type[F], key: str, intent: Intent, reserve: Cost, action: Callable[[], tuple[F, Cost]]) -> F:
        """The same as `once`, with records."""

        def dump() -> tuple[dict[str, Any], Cost]:
            fact, cost = action()
            return dump_payload(fact), cost

        return read(record, self.once(find_kind(record), key, dump_payload(intent), reserve, dump))

    def retry(self, kind: str, key: str, action: Callable[[], R]) -> R:
        """Return what `action` returns. Nothing is recorded except attempts that the machinery spoiled.

        Raises RunFailed after the last attempt that ended in a SandboxError, and whatever else `action` raises.
        """
        attempts = Attempts(self.ledger, self._stop, kind, key)
        while True:
            try:
                return action()
            except SandboxError as error:
                attempts.record_failure(error)

    def _do(self, kind: str, key: str, intent: dict[str, Any], reserve: Cost, action: Action) -> dict[str, Any]:
        attempts = Attempts(self.ledger, self._stop, kind, key)
        while True:
            reservation = self.budget.reserve(reserve)
            try:
                self.ledger.intend(kind, key, _with_reservation(intent, reserve))
                with self.budget.within(reservation):
                    payload, cost = action()
                self.budget.record_span()
                payload = {**payload, "cost": cost._asdict()}
                cause = killed_cause(payload)
                try_again = bool(cause) and attempts.record_killed(cause, payload)
                fact = payload if try_again else self.ledger.append(kind, key, payload).payload
            except SandboxError as error:
                self.budget.release(reservation)
                attempts.record_failure(error)
                continue
            except BaseException as error:
                self.budget.release(reservation)
                self._record_failure(kind, key, reserve, error)
                raise
            self.budget.settle(reservation, cost)
            if not try_again:
                return fact
            attempts.wait()

    def _record_failure(self, kind: str, key: str, reserve: Cost, error: BaseException) -> None:
        """Record that a paid call failed, so that it does not count as left unfinished by a kill."""
        if isinstance(error, PelagosError) and _is_paid(reserve):
            with contextlib.suppress(DiskFull):  # then it is settled like a killed call
                self.ledger.intend(Failed.KIND, key, dump_payload(Failed(of=kind)))

    def spend(self, fact: Fact, key: str, cost: Cost) -> None:
        """Record a cost without a result under `key`/0, `key`/1 ..., and charge it."""
        kind, number = fact.KIND, 0
        while self.ledger.find(kind, f"{key}/{number}") is not None:
            number += 1
        self.ledger.append(kind, f"{key}/{number}", dump_payload(fact) | {"cost": cost._asdict()})
        self.budget.charge(cost)


def _is_paid(cost: Cost) -> bool:
    return cost.tokens > 0 or cost.usd != 0


def _with_reservation(intent: dict[str, Any], reserve: Cost) -> dict[str, Any]:
    """Add the reserved cost to an intent, where somebody is paid for the step."""
    return {**intent, "reserved": {"tokens": reserve.tokens, "usd": reserve.usd}} if _is_paid(reserve) else intent


class _KeyedLocks:
    """One lock per key, deleted when no thread uses it. A thread waits for one inside `waiting`."""

    def __init__(self, waiting: Callable[[], AbstractContextManager[None]]) -> None:
        self._waiting = waiting
        self._guard = threading.Lock()
        self._locks: dict[Hashable, tuple[threading.Lock, int]] = {}

    @contextlib.contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, users + 1)
        try:
            with self._waiting():
                lock.acquire()
            try:
                yield
            finally:
                lock.release()
        finally:
            with self._guard:
                lock, users = self._locks.pop(key)
                if users > 1:
                    self._locks[key] = (lock, users - 1)
