"""How long things take here: what fits into the time that is left is decided from it.

Nothing is known of a machine before it has worked. The baseline's experiments and the first model calls give the first
estimate of a hypothesis, the finished ones every later one: the mean of the last few, since the machine may get busier.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import fmean

from memory.ledger import Event, Reader
from memory.run_clock import RunClock, launches
from pelagos.errors import BadInput

LAST = 5
FIRST_READ, FIRST_WRITTEN, FIRST_RUNS = 1500, 800, 6
"""What a hypothesis takes before one was seen: tokens read and written, and executions of the program (three seeds, the
smoke run, the checks and half a failed draft); from runs of the embedded model on the shipped tasks."""
SCORING_S = 1.0
LEAST_EMBEDDED_S, LEAST_S = 180.0, 20.0
"""Below this no hypothesis gets to a verdict: with the embedded model on two cores, and with the fastest endpoint."""


def check_time(seconds: float | None, embedded: bool) -> None:
    """Raises BadInput for a cap on time in which not even one hypothesis fits. How long one really takes is measured
    after the baseline; what doesn't fit then isn't begun."""
    least = LEAST_EMBEDDED_S if embedded else LEAST_S
    if seconds is not None and seconds < least:
        kind = "the embedded model" if embedded else "an endpoint"
        raise BadInput(
            f"caps.seconds (--hours): {seconds:g} s are too short for one hypothesis with {kind}: "
            f"give at least --hours {least / 3600:.3g}"
        )


class Pace:
    """Thread-safe. Seconds are those that passed, whatever the system's clock says, without those in which a model that
    was away was waited for."""

    def __init__(
        self, took: Sequence[float] = (), experiment_s: float | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.experiment_s, self._now = experiment_s, now
        self._waits: list[tuple[str, float, float]] = []
        self._took = deque(took, LAST)
        self._begun: dict[str, float] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, ledger: Reader, now: Callable[[], float] = time.monotonic) -> Pace:
        """As the run's ledger tells it; a hypothesis that a pause cut in two is left out."""
        return cls(_took(ledger.events()), _experiment_s(ledger), now)

    def begin(self, hypothesis: str) -> None:
        with self._lock:
            self._begun[hypothesis] = self._now()

    def heed(self, event: Event) -> None:
        """A row of the ledger that was just appended: one of a wait says that a thread has waited until now."""
        if event.kind != "waited":
            return
        with self._lock:
            now = self._now()
            self._waits.append((event.payload["hypothesis"], now - event.payload["seconds"], now))

    def end(self, hypothesis: str) -> None:
        with self._lock:
            began = self._begun.pop(hypothesis, None)
            if began is not None:
                mine = [(start, end) for one, start, end in self._waits if one == hypothesis]
                self._waits = [wait for wait in self._waits if wait[0] != hypothesis]
                self._took.append(self._now() - began - _covered(mine, began))

    def forget(self, hypothesis: str) -> None:
        """It waited for a person: how long it takes says nothing of this machine."""
        with self._lock:
            self._begun.pop(hypothesis, None)

    def hypothesis_s(self, read_tps: float | None, write_tps: float | None) -> float | None:
        """How long the next hypothesis will take; None where nothing was measured. The speeds are the model's."""
        with self._lock:
            if self._took:
                return fmean(self._took)
        if self.experiment_s is None or not read_tps or not write_tps:
            return None
        return FIRST_READ / read_tps + FIRST_WRITTEN / write_tps + FIRST_RUNS * self.experiment_s

    def confirm_s(self, pairs: int, winners: int, workers: int) -> float:
        """How long `winners` take on sealed data with the baseline, `pairs` seeds each, and an audit of the last and of
        the sealed stage; 0 before anything was measured."""
        runs = pairs * (1 + winners) + 3 + winners
        return runs * (self.experiment_s or 0.0) / max(1, workers)


def _took(events: Sequence[Event]) -> list[float]:
    begun: dict[str, float] = {}
    waits: dict[str, list[tuple[float, float]]] = {}
    found = []
    for event, passed in zip(events, _passed(events), strict=True):
        if launches(event):
            begun.clear()
        elif event.kind == "pace":
            begun.setdefault(event.payload["hypothesis"], passed)
        elif event.kind == "waited":
            wait = (passed - event.payload["seconds"], passed)
            waits.setdefault(event.payload["hypothesis"], []).append(wait)
        elif event.kind == "lesson" and event.payload["hypothesis"] in begun:
            began = begun.pop(event.payload["hypothesis"])
            found.append(passed - began - _covered(waits.pop(event.payload["hypothesis"], []), began))
    return found


def _passed(events: Sequence[Event]) -> list[float]:
    """The seconds that the run had worked at each event, never less than before: a span's end corrects its stamps."""
    clock, found = RunClock(), []
    for event in events:
        clock.fold(event)
        found.append(clock.seconds)
    return list(accumulate(reversed(found), min))[::-1]


def _covered(spans: Sequence[tuple[float, float]], since: float) -> float:
    """Seconds that the spans cover together: threads of one hypothesis wait at the same time."""
    total, reached = 0.0, since
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _experiment_s(ledger: Reader) -> float | None:
    """The mean of the baseline's experiments with their scoring; None before there are any."""
    facts = [event.payload for event in ledger.events("experiment") if not event.payload["hypothesis"]]
    return fmean(fact["seconds"] for fact in facts) + SCORING_S if facts else None
