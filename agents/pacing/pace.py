"""Measures how long a hypothesis takes here, to decide what fits into the time left.

Nothing is known about a machine before it has worked. The first estimate comes from the baseline's experiments and the
first model calls, every later one from finished hypotheses: the mean of the last few, since the load may change.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import fmean

from memory.ledger.ledger import Event, Reader
from memory.ledger.run_clock import CLOCK, PAUSE, RunClock, is_launch
from pelagos.errors import BadInput
from pelagos.facts.drive import Estimate, Waited
from pelagos.facts.fact import INTENT
from pelagos.facts.reader import read, read_row
from pelagos.nouns import Experiment, Lesson

AVERAGED_HYPOTHESES = 5
FIRST_READ, FIRST_WRITTEN, FIRST_RUNS = 1500, 800, 5
"""The assumed cost of a hypothesis before one was measured: tokens read, tokens written, and executions of the program
(three seeds, the smoke run and half a failed draft). Taken from runs of the embedded model on the shipped tasks."""
SCORING_S = 1.0
TIMED = frozenset({"pace", "waited", "lesson"})
MIN_EMBEDDED_S, MIN_ENDPOINT_S = 180.0, 20.0
"""Seconds below which no hypothesis reaches a verdict: with the embedded model on two cores, with the fastest
endpoint."""


def check_time(seconds: float | None, embedded: bool) -> None:
    """Raises BadInput for a time cap that is too short for one hypothesis. Its real duration is measured after the
    baseline; if it doesn't fit then, it isn't begun."""
    min_s = MIN_EMBEDDED_S if embedded else MIN_ENDPOINT_S
    if seconds is not None and seconds < min_s:
        kind = "the embedded model" if embedded else "an endpoint"
        raise BadInput(
            f"caps.seconds (--hours): {seconds:g} s are too short for one hypothesis with {kind}: "
            f"give at least --hours {min_s / 3600:.3g}"
        )


class Pace:
    """The measured durations, in seconds of the monotonic clock, without the time spent on waiting for an absent model
    or on a claim's test on sealed data. Thread-safe."""

    def __init__(
        self,
        durations: Sequence[float] = (),
        experiment_s: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.experiment_s, self._now = experiment_s, now
        self._waits: list[tuple[str, float, float]] = []
        self._durations = deque(durations, AVERAGED_HYPOTHESES)
        self._begun: dict[str, float] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_ledger(cls, ledger: Reader, now: Callable[[], float] = time.monotonic) -> Pace:
        """Return the pace that the run's ledger shows, without hypotheses that a pause interrupted."""
        return cls(_measure_durations(_read_recent_events(ledger)), _mean_experiment_s(ledger), now)

    def begin(self, hypothesis: str) -> None:
        with self._lock:
            self._begun[hypothesis] = self._now()

    def on_event(self, event: Event) -> None:
        """Take in a row that was just appended to the ledger: a `waited` row means that a thread waited until now."""
        if event.kind != Waited.KIND:
            return
        wait = read(Waited, event.payload)
        with self._lock:
            now = self._now()
            self._waits.append((wait.hypothesis, now - wait.seconds, now))

    def end(self, hypothesis: str) -> None:
        with self._lock:
            began = self._begun.pop(hypothesis, None)
            if began is not None:
                waits = [(start, end) for id, start, end in self._waits if id == hypothesis]
                self._waits = [wait for wait in self._waits if wait[0] != hypothesis]
                self._durations.append(self._now() - began - _union_s(waits, began))

    def forget(self, hypothesis: str) -> None:
        """Stop measuring a hypothesis that waited for a person: its duration says nothing about this machine."""
        with self._lock:
            self._begun.pop(hypothesis, None)

    def hypothesis_s(self, read_tps: float | None, write_tps: float | None) -> float | None:
        """Return the expected seconds of the next hypothesis, None if nothing was measured. The speeds are the model's,
        in tokens per second."""
        with self._lock:
            if self._durations:
                return fmean(self._durations)
        if self.experiment_s is None or not read_tps or not write_tps:
            return None
        return FIRST_READ / read_tps + FIRST_WRITTEN / write_tps + FIRST_RUNS * self.experiment_s

    def confirm_s(self, pairs: int, winners: int, workers: int) -> float:
        """Return the seconds to test `winners` and the baseline on sealed data, on `pairs` seeds each, with the audits
        of one winner and of each sealed stage; 0 before anything was measured."""
        runs = pairs * (1 + winners) + 3 + winners
        return runs * (self.experiment_s or 0.0) / max(1, workers)


def _read_recent_events(ledger: Reader) -> list[Event]:
    """Return the rows since the last clock row before the last 2 * `AVERAGED_HYPOTHESES` hypotheses began: twice as
    many as are averaged, since pauses may have interrupted some."""
    finished = dict.fromkeys(lesson.hypothesis for lesson in reversed(ledger.facts(Lesson).values()))
    newest = set(list(finished)[: 2 * AVERAGED_HYPOTHESES])
    paces = ledger.events(Estimate.KIND)
    first = min((event.seq for event in paces if read(Estimate, event.payload).hypothesis in newest), default=0)
    clocks = (event.seq for kind in (CLOCK, PAUSE) for event in ledger.events(kind + INTENT))
    return ledger.events(after=max((seq for seq in clocks if seq <= first), default=1) - 1)


def _measure_durations(events: Sequence[Event]) -> list[float]:
    """Return the seconds of each hypothesis that was begun and finished in these rows, without waits."""
    begun: dict[str, float] = {}
    waits: dict[str, list[tuple[float, float]]] = {}
    durations = []
    for event, now in zip(events, _stamp_seconds(events), strict=True):
        if is_launch(event):
            begun.clear()
        match read_row(event) if event.kind in TIMED else None:
            case Estimate() as estimate:
                begun.setdefault(estimate.hypothesis, now)
            case Waited() as wait:
                waits.setdefault(wait.hypothesis, []).append((now - wait.seconds, now))
            case Lesson() as lesson if lesson.hypothesis in begun:
                began = begun.pop(lesson.hypothesis)
                durations.append(now - began - _union_s(waits.pop(lesson.hypothesis, []), began))
    return durations


def _stamp_seconds(events: Sequence[Event]) -> list[float]:
    """Return the run's working seconds at each event. They never decrease: the end of a span corrects earlier ones."""
    clock, seconds = RunClock(), []
    for event in events:
        clock.fold(event)
        seconds.append(clock.seconds)
    return list(accumulate(reversed(seconds), min))[::-1]


def _union_s(spans: Sequence[tuple[float, float]], since: float) -> float:
    """Return the seconds that the spans cover together: threads of one hypothesis may wait at the same time."""
    total, reached = 0.0, since
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _mean_experiment_s(ledger: Reader) -> float | None:
    """Return the mean seconds of the baseline's experiments, scoring included; None before there are any."""
    seconds = [each.seconds for each in ledger.facts(Experiment).values() if not each.hypothesis]
    return fmean(seconds) + SCORING_S if seconds else None
