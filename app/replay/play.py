"""Events played on a compressed clock: a long wait of the run takes less than its share, a short one more."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from app.driving import View
from app.record import Event, Record
from memory.run_clock import launches

TICK_S = 0.1


class Clock:
    """The run's own time, in Unix seconds; the views take it for now."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def play(events: Sequence[Event], record: Record, view: View, clock: Clock, seconds: float) -> None:
    """Fold `events` into `record` and show each; the whole takes about `seconds`."""
    began = time.monotonic()
    for event, due in zip(events, schedule(events, seconds), strict=True):
        for share in _waits(began + due):
            clock.now += (event.at - clock.now) * share
            view.tick()
        clock.now = max(clock.now, event.at)
        record.fold(event)
        view.show(event)


def schedule(events: Sequence[Event], seconds: float) -> list[float]:
    """When each event is due, in seconds from the start. The pause before a resume takes no time."""
    weights = [0.0, *(_weight(before, event) for before, event in pairwise(events))]
    total = sum(weights)
    return [seconds * part / total if total else 0.0 for part in accumulate(weights)]


def _weight(before: Event, event: Event) -> float:
    return 0.0 if launches(event) else max(0.0, event.at - before.at) ** 0.5


def _waits(until: float) -> Iterator[float]:
    """Waits in ticks; yields which share of what was left each of them was."""
    while (left := until - time.monotonic()) > 0:
        step = min(TICK_S, left)
        time.sleep(step)
        yield step / left
