"""The budget: reserve first, settle after (contract 4).

Totals are rebuilt from the ledger: every fact made by a step carries its `cost`. Wall clock is counted over resumes
from the times of the steps' own rows, so time after the last row before a kill is not counted. Disk is measured: it
is the size of the run folder. An unknown price is counted as unknown, never as zero; a money cap can't see it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from memory.ledger import Event, Ledger, Reader
from memory.rows import INTENT
from pelagos.errors import CapReached
from pelagos.settings import Caps

CLOCK, PAUSE = "clock", "pause"
MEASURE_DISK_EVERY_S = 5.0


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

    def __init__(self, caps: Caps, ledger: Reader) -> None:
        self.caps = caps
        self._lent = threading.local()
        self._ledger = ledger
        self._lock = threading.Lock()
        self._began, self._began_at = time.monotonic(), time.time()
        self._marked = self._paused = False
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
        self._mark()
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
            self._past_seconds, self._paused = self._seconds(), True
            was, self._marked = self._marked, False
        if was and isinstance(self._ledger, Ledger):
            self._ledger.intend(PAUSE, "session", {})

    def go_on(self) -> None:
        self._mark()

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
        return self._past_seconds + (time.monotonic() - self._began if self._marked else 0.0)

    def _measured(self) -> float:
        """Measured again when the last measure is old, and in no more than a hundredth of the time."""
        now = time.monotonic()
        if now >= self._disk[0]:
            measured = _folder_mb(self._ledger.path.parent)
            took = time.monotonic() - now
            self._disk = (now + max(MEASURE_DISK_EVERY_S, 100 * took), measured)
        return self._disk[1]

    def _mark(self) -> None:
        """A row that says when this process began to work, once; an intent, since each resume makes another."""
        with self._lock:
            first, self._marked = not self._marked, True
            if first and self._paused:
                self._began, self._began_at, self._paused = time.monotonic(), time.time(), False
        if first and isinstance(self._ledger, Ledger):
            self._ledger.intend(CLOCK, "session", {"began": self._began_at})


def _over(resource: str, gauge: Gauge, asked: float) -> bool:
    """Whether `asked` more doesn't fit. Time passes and disk fills without being asked for."""
    cap = gauge.cap or 0.0
    if resource == "seconds":
        return gauge.spent >= cap
    counts = bool(asked) or resource == "disk_mb"
    return counts and gauge.spent + gauge.reserved + asked > cap


def _clocked(history: list[Event]) -> float:
    """Seconds between the start and the last step of each session. Rows that others append don't count."""
    total = began = 0.0
    last = None
    for event in history:
        if event.kind == CLOCK + INTENT:
            total += max(0.0, last - began) if last is not None else 0.0
            began = float(event.payload["began"])
            last = event.at
        elif last is not None and (event.kind.endswith(INTENT) or "cost" in event.payload):
            last = event.at
    return total + (max(0.0, last - began) if last is not None else 0.0)


def _folder_mb(folder: Path) -> float:
    return sum(_size(path) for path in folder.rglob("*")) / 1e6


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # a temporary file that went while we looked
        return 0
