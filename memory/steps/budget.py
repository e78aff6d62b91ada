"""The budget of a run: reserve first, settle after (contract 4).

Totals are rebuilt from the ledger: every fact that a step records carries its `cost`. Time is that of the monotonic
clock, recorded in spans (`memory.ledger.run_clock`): setting the clock and sleeping machines change nothing, and time
after the last row before a kill is not counted. Disk is the measured size of the run folder. An unknown price is
counted as unknown, never as zero; a money cap can't include it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from memory.ledger.condensed import CondensedLedger
from memory.ledger.ledger import Event, Ledger, Reader
from memory.ledger.run_clock import CLOCK, PAUSE, RunClock
from pelagos.errors import CapReached
from pelagos.facts.drive import Span
from pelagos.facts.fact import INTENT, Cost, dump_payload
from pelagos.facts.reader import read_cost
from pelagos.settings import Caps

MEASURE_DISK_EVERY_S = 5.0
CLOCK_DRIFT_S = 1.0
"""Seconds by which the system's clock may diverge from the monotonic one before a new span begins."""
LONGEST_SPAN_S = 300.0


class Gauge(NamedTuple):
    """One resource: the amount spent, the amount reserved by steps in progress, and the cap (None: no cap)."""

    spent: float
    reserved: float
    cap: float | None


class Summary(NamedTuple):
    """What is spent, held and allowed of each resource."""

    tokens: Gauge
    usd: Gauge
    seconds: Gauge
    experiments: Gauge
    disk_mb: Gauge


class Budget:
    """Thread-safe. A reservation is a number that is settled or released exactly once.

    It has two phases: in the loop a part of the caps counts (`limit_loop`; all of them until it is called), while
    something is confirmed all of them do (`confirming`).
    """

    def __init__(self, caps: Caps, ledger: Reader, now: Callable[[], float] | None = None) -> None:
        self._caps = self._loop = caps
        self._confirming: ContextVar[bool] = ContextVar("confirming", default=False)
        self._now = now or time.monotonic
        self._ledger = ledger
        self._lock = threading.Lock()
        self._began = self._span = self._now()
        self._span_at: float | None = None  # None before the first step
        self._paused = False
        self._held: dict[int, Cost] = {}
        self._within: ContextVar[tuple[int, ...]] = ContextVar("within", default=())
        self._resting: Counter[int] = Counter()  # reservation -> how many threads wait inside its step
        self._next = 0
        self._disk = (float("-inf"), 0.0)
        with ledger.reading() as connection:
            history = CondensedLedger(connection, ())
            self._past_seconds, spent = _worked_seconds(history.clock_rows()), history.total_cost()
        self._spent = Cost(int(spent["tokens"]), spent["usd"], int(spent["experiments"]), spent["disk_mb"])

    def reserve(self, cost: Cost) -> int:
        """Reserve `cost` until it is settled. Raises CapReached where it doesn't fit with all other reservations."""
        self.record_span()
        with self._lock:
            for resource, gauge in self._gauges().items():
                asked = getattr(cost, resource, 0) or 0
                if gauge.cap is not None and _exceeds(resource, gauge, asked):
                    raise CapReached(resource, gauge.spent + gauge.reserved, gauge.cap)
            self._next += 1
            self._held[self._next] = cost
            return self._next

    def settle(self, reservation: int, cost: Cost) -> None:
        """Replace a reservation by the actual cost."""
        with self._lock:
            del self._held[reservation]
            self._add(cost)

    def release(self, reservation: int) -> None:
        """Cancel a reservation: nothing was spent."""
        with self._lock:
            del self._held[reservation]

    def charge(self, cost: Cost) -> None:
        """Count a cost that was not reserved."""
        with self._lock:
            self._add(cost)

    def check(self) -> None:
        """Raise CapReached where the time is used up, or where unreserved costs have used up the tokens or the
        money."""
        with self._lock:
            caps, spent = self._caps_in_force(), self._spent
            used = {
                "seconds": (self._seconds(), caps.seconds),
                "tokens": (spent.tokens + sum(cost.tokens for cost in self._held.values()), caps.tokens),
                "usd": ((spent.usd or 0.0) + sum(cost.usd or 0.0 for cost in self._held.values()), caps.usd),
            }
        for resource, (amount, cap) in used.items():
            if cap is not None and (amount > cap or (resource == "seconds" and amount >= cap)):
                raise CapReached(resource, amount, cap)

    def summary(self) -> Summary:
        with self._lock:
            return Summary(**self._gauges())

    def seconds_left(self) -> float | None:
        """Return the seconds left, None where there is no cap. No time has passed before the first step."""
        with self._lock:
            cap = self._caps_in_force().seconds
            return None if cap is None else cap - self._seconds()

    def pause(self) -> None:
        """Stop counting time until `resume` is called or the next step begins."""
        with self._lock:
            if self._paused:
                return
            lived = self._now() - self._span
            self._past_seconds, self._paused = self._seconds(), True
            if self._span_at is not None:
                self._record(PAUSE, Span(lived=lived))

    def resume(self) -> None:
        self.record_span()

    def is_idle(self) -> bool:
        """Whether no step is in progress, except for those that threads wait inside of (`resting`)."""
        with self._lock:
            return all(self._resting[reservation] for reservation in self._held)

    @contextmanager
    def within(self, reservation: int) -> Iterator[None]:
        """Say within the context that this thread, and those that work for it (a copied context), do the step of this
        reservation."""
        token = self._within.set((*self._within.get(), reservation))
        try:
            yield
        finally:
            self._within.reset(token)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Say within the context that this thread waits for a person, inside whichever steps it does."""
        steps = self._within.get()
        with self._lock:
            self._resting.update(steps)
        try:
            yield
        finally:
            with self._lock:
                self._resting -= Counter(steps)

    def limit_loop(self, caps: Caps) -> None:
        """What may be spent in the loop from now on; the rest is kept for confirming."""
        self._loop = caps

    @contextmanager
    def confirming(self) -> Iterator[None]:
        """Apply all of the caps within the context, for this thread and for those that work for it (a copied
        context)."""
        token = self._confirming.set(True)
        try:
            yield
        finally:
            self._confirming.reset(token)

    def _add(self, cost: Cost) -> None:
        self._spent += cost._replace(usd=cost.usd or 0.0)

    def _gauges(self) -> dict[str, Gauge]:
        held = Cost()
        for cost in self._held.values():
            held += cost._replace(usd=cost.usd or 0.0)
        caps, spent = self._caps_in_force(), self._spent
        return {
            "tokens": Gauge(spent.tokens, held.tokens, caps.tokens),
            "usd": Gauge(spent.usd or 0.0, held.usd or 0.0, caps.usd),
            "seconds": Gauge(self._seconds(), 0.0, caps.seconds),
            "experiments": Gauge(spent.experiments, held.experiments, caps.experiments),
            "disk_mb": Gauge(self._disk_mb(), held.disk_mb, caps.disk_mb),
        }

    def _caps_in_force(self) -> Caps:
        return self._caps if self._confirming.get() else self._loop

    def _seconds(self) -> float:
        working = self._span_at is not None and not self._paused
        return self._past_seconds + (self._now() - self._began if working else 0.0)

    def _disk_mb(self) -> float:
        """Return the size of the run folder. It is measured again when the last value is old, for at most 1 % of the
        time."""
        now = time.monotonic()
        if now >= self._disk[0]:
            size = _folder_size_mb(self._ledger.path.parent)
            duration = time.monotonic() - now
            self._disk = (now + max(MEASURE_DISK_EVERY_S, 100 * duration), size)
        return self._disk[1]

    def record_span(self) -> None:
        """Record the end of a span where one ends: before the first step, when the clocks have diverged, and every few
        minutes. A row that counts for time is written right after."""
        with self._lock:
            now, at = self._now(), time.time()
            if self._paused:
                self._paused, self._began, self._span = False, now, now
                if self._span_at is not None:
                    self._span_at = at
                    self._record(CLOCK, Span(began=at, lived=0.0))
            lived, is_first = now - self._span, self._span_at is None
            diverged = abs(at - (self._span_at or at) - lived) > CLOCK_DRIFT_S
            if not (is_first or diverged or lived > LONGEST_SPAN_S):
                return
            # The first span begins with the process, whatever the clock has done since.
            self._record(CLOCK, Span(began=at - lived) if is_first else Span(began=at, lived=lived))
            self._span, self._span_at = (self._span, at - lived) if is_first else (now, at)

    def _record(self, kind: str, span: Span) -> None:
        if isinstance(self._ledger, Ledger):
            self._ledger.intend(kind, "session", dump_payload(span))


def _exceeds(resource: str, gauge: Gauge, amount: float) -> bool:
    """Whether `asked` more exceeds the cap. Time passes and disk fills without a reservation."""
    cap = gauge.cap or 0.0
    if resource == "seconds":
        return gauge.spent >= cap
    counts = bool(amount) or resource == "disk_mb"
    return counts and gauge.spent + gauge.reserved + amount > cap


def _worked_seconds(history: list[Event]) -> float:
    """Return the seconds of all sessions, each until its last step. Rows that other processes append don't count."""
    clock = RunClock()
    for event in history:
        if event.kind.endswith(INTENT) or read_cost(event.payload) is not None:
            clock.fold(event)
    return clock.seconds


def _folder_size_mb(folder: Path) -> float:
    return sum(_size(path) for path in folder.rglob("*")) / 1e6


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # a temporary file was removed meanwhile
        return 0
