"""The budget: reserve first, settle after (contract 4).

Totals are rebuilt from the ledger: every fact made by a step carries its `cost`. Time is that of the monotonic clock,
recorded in spans (`memory.run_clock`): clocks that are set and machines that sleep change nothing, and time after the
last row before a kill is not counted. Disk is measured: it is the size of the run folder. An unknown price is counted
as unknown, never as zero; a money cap can't see it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from memory.ledger import Event, Ledger, Reader
from memory.rows import INTENT
from memory.run_clock import CLOCK, PAUSE, RunClock
from pelagos.errors import CapReached
from pelagos.settings import Caps

MEASURE_DISK_EVERY_S = 5.0
APART_S = 1.0
"""So far the system's clock may be from the monotonic one before a new span begins."""
LONGEST_SPAN_S = 300.0


class Cost(NamedTuple):
    """What a step costs. `usd` is None where the price is unknown."""

    tokens: int = 0
    usd: float | None = 0.0
    experiments: int = 0
    disk_mb: float = 0.0

    def __add__(self, other: object) -> Cost:
        """Sum by field; an unknown price makes the sum unknown."""
        if not isinstance(other, Cost):
            return NotImplemented
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Cost(self.tokens + other.tokens, usd, self.experiments + other.experiments, self.disk_mb + other.disk_mb)


class Gauge(NamedTuple):
    """One resource: spent, reserved by what is in flight, and the cap (None: no cap)."""

    spent: float
    reserved: float
    cap: float | None


class Summary(NamedTuple):
    """For the live view and the report. `unknown_priced` counts the steps whose price is not known."""

    tokens: Gauge
    usd: Gauge
    seconds: Gauge
    experiments: Gauge
    disk_mb: Gauge
    unknown_priced: int


class Budget:
    """Thread-safe. A reservation is a number that is settled or released exactly once."""

    def __init__(self, caps: Caps, ledger: Reader, now: Callable[[], float] | None = None) -> None:
        self.caps, self._now = caps, now or time.monotonic
        self._lent = threading.local()
        self._ledger = ledger
        self._lock = threading.Lock()
        self._began = self._span = self._now()
        self._span_at: float | None = None  # none before the first step
        self._paused = False
        self._held: dict[int, Cost] = {}
        self._next = 0
        self._disk = (float("-inf"), 0.0)
        history = ledger.events()
        self._past_seconds = _clocked(history)
        self._spent, self._unknown = Cost(), 0
        for event in history:
            if isinstance(event.payload.get("cost"), dict):
                self._count(Cost(**event.payload["cost"]))

    def reserve(self, cost: Cost) -> int:
        """Hold `cost` until it is settled. Raises CapReached where it doesn't fit with all that is held."""
        self.mark()
        with self._lock:
            for resource, gauge in self._gauges().items():
                asked = getattr(cost, resource, 0) or 0
                if gauge.cap is not None and _over(resource, gauge, asked):
                    raise CapReached(resource, gauge.spent + gauge.reserved, gauge.cap)
            self._next += 1
            self._held[self._next] = cost
            return self._next

    def settle(self, reservation: int, cost: Cost) -> None:
        """Replace a reservation by what it really cost."""
        with self._lock:
            del self._held[reservation]
            self._count(cost)

    def release(self, reservation: int) -> None:
        """Give a reservation back: nothing was spent."""
        with self._lock:
            del self._held[reservation]

    def charge(self, cost: Cost) -> None:
        """Count what was spent without being reserved."""
        with self._lock:
            self._count(cost)

    def check(self) -> None:
        """Raises CapReached where time is up, or where tokens or money that were spent without being reserved have
        used up what was left."""
        with self._lock:
            caps, spent = self._in_force(), self._spent
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
            return Summary(**self._gauges(), unknown_priced=self._unknown)

    def left_s(self) -> float | None:
        """Seconds that are left, None where they have no cap. Before the first step none has passed."""
        with self._lock:
            cap = self._in_force().seconds
            return None if cap is None else cap - self._seconds()

    def pause(self) -> None:
        """The time from now until `go_on`, or until the next step, counts for nobody."""
        with self._lock:
            if self._paused:
                return
            lived = self._now() - self._span
            self._past_seconds, self._paused = self._seconds(), True
            if self._span_at is not None:
                self._tell(PAUSE, {"lived": lived})

    def go_on(self) -> None:
        self.mark()

    @contextmanager
    def whole(self, caps: Caps) -> Iterator[None]:
        """In this thread `caps` count for as long as this lasts."""
        self._lent.caps = caps
        try:
            yield
        finally:
            self._lent.caps = None

    def _count(self, cost: Cost) -> None:
        self._unknown += cost.usd is None
        self._spent += cost._replace(usd=cost.usd or 0.0)

    def _gauges(self) -> dict[str, Gauge]:
        held = Cost()
        for cost in self._held.values():
            held += cost._replace(usd=cost.usd or 0.0)
        caps, spent = self._in_force(), self._spent
        return {
            "tokens": Gauge(spent.tokens, held.tokens, caps.tokens),
            "usd": Gauge(spent.usd or 0.0, held.usd or 0.0, caps.usd),
            "seconds": Gauge(self._seconds(), 0.0, caps.seconds),
            "experiments": Gauge(spent.experiments, held.experiments, caps.experiments),
            "disk_mb": Gauge(self._measured(), held.disk_mb, caps.disk_mb),
        }

    def _in_force(self) -> Caps:
        lent: Caps | None = getattr(self._lent, "caps", None)
        return lent or self.caps

    def _seconds(self) -> float:
        working = self._span_at is not None and not self._paused
        return self._past_seconds + (self._now() - self._began if working else 0.0)

    def _measured(self) -> float:
        """Measured again when the last measure is old, and in no more than a hundredth of the time."""
        now = time.monotonic()
        if now >= self._disk[0]:
            measured = _folder_mb(self._ledger.path.parent)
            took = time.monotonic() - now
            self._disk = (now + max(MEASURE_DISK_EVERY_S, 100 * took), measured)
        return self._disk[1]

    def mark(self) -> None:
        """Record a span where one ends: before the first step, when the clocks have parted, and now and then. A row
        that counts for time is written right after."""
        with self._lock:
            now, at = self._now(), time.time()
            if self._paused:
                self._paused, self._began, self._span = False, now, now
                if self._span_at is not None:
                    self._span_at = at
                    self._tell(CLOCK, {"began": at, "lived": 0.0})
            lived, first = now - self._span, self._span_at is None
            apart = abs(at - (self._span_at or at) - lived) > APART_S
            if not (first or apart or lived > LONGEST_SPAN_S):
                return
            # The first span begins with the process, whatever the clock has done since.
            self._tell(CLOCK, {"began": at - lived} if first else {"began": at, "lived": lived})
            self._span, self._span_at = (self._span, at - lived) if first else (now, at)

    def _tell(self, kind: str, span: dict[str, float]) -> None:
        if isinstance(self._ledger, Ledger):
            self._ledger.intend(kind, "session", span)


def _over(resource: str, gauge: Gauge, asked: float) -> bool:
    """Whether `asked` more doesn't fit. Time passes and disk fills without being asked for."""
    cap = gauge.cap or 0.0
    if resource == "seconds":
        return gauge.spent >= cap
    counts = bool(asked) or resource == "disk_mb"
    return counts and gauge.spent + gauge.reserved + asked > cap


def _clocked(history: list[Event]) -> float:
    """Seconds of all sessions, each until its last step. Rows that others append don't count."""
    clock = RunClock()
    for event in history:
        if event.kind.endswith(INTENT) or "cost" in event.payload:
            clock.fold(event)
    return clock.seconds


def _folder_mb(folder: Path) -> float:
    return sum(_size(path) for path in folder.rglob("*")) / 1e6


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # a temporary file that went while we looked
        return 0
