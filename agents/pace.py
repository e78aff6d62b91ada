"""How long things take here: what fits into the time that is left is decided from it.

Nothing is known of a machine before it has worked. The baseline's experiments and the first model calls give the first
estimate of a hypothesis, the finished ones every later one: the mean of the last few, since the machine may get busier.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from statistics import fmean

from memory.ledger import Event, Reader
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
    """Thread-safe. Seconds are wall clock."""

    def __init__(self, took: Sequence[float] = (), experiment_s: float | None = None) -> None:
        self.experiment_s = experiment_s
        self._took = deque(took, LAST)
        self._begun: dict[str, float] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, ledger: Reader) -> Pace:
        """As the run's ledger tells it; a hypothesis that a pause cut in two is left out."""
        return cls(_took(ledger.events(kinds=("pace", "lesson", "clock.intent"))), _experiment_s(ledger))

    def begin(self, hypothesis: str) -> None:
        with self._lock:
            self._begun[hypothesis] = time.monotonic()

    def end(self, hypothesis: str) -> None:
        with self._lock:
            began = self._begun.pop(hypothesis, None)
            if began is not None:
                self._took.append(time.monotonic() - began)

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
        """How long `winners` take on sealed data with the baseline, `pairs` seeds each, and one audit; 0 before
        anything was measured."""
        runs = pairs * (1 + winners) + 2
        return runs * (self.experiment_s or 0.0) / max(1, workers)


def _took(events: Sequence[Event]) -> list[float]:
    begun: dict[str, float] = {}
    found = []
    for event in events:
        if event.kind == "clock.intent":
            begun.clear()
        elif event.kind == "pace":
            begun.setdefault(event.payload["hypothesis"], event.at)
        elif event.payload["hypothesis"] in begun:
            found.append(event.at - begun.pop(event.payload["hypothesis"]))
    return found


def _experiment_s(ledger: Reader) -> float | None:
    """The mean of the baseline's experiments with their scoring; None before there are any."""
    facts = [event.payload for event in ledger.events("experiment") if not event.payload["hypothesis"]]
    return fmean(fact["seconds"] for fact in facts) + SCORING_S if facts else None
