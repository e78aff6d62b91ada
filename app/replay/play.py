"""Plays events on a compressed clock: a long wait of the run takes less than its share of the time, a short one
more."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from app.commands.drive import View
from app.record.event import Event
from app.record.record import Record
from memory.ledger.run_clock import is_launch

TICK_S = 0.1


class Clock:
    """The time of the run in Unix seconds, which the views take as the current time."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def play(events: Sequence[Event], record: Record, view: View, clock: Clock, seconds: float) -> None:
    """Fold `events` into `record` and show each of them. All of them take about `seconds`."""
    started_s = time.monotonic()
    for event, due_s in zip(events, schedule(events, seconds), strict=True):
        for share in _wait(started_s + due_s):
            clock.now += (event.at - clock.now) * share
            view.tick()
        clock.now = max(clock.now, event.at)
        record.fold(event)
        view.show(event)


def schedule(events: Sequence[Event], seconds: float) -> list[float]:
    """Return when each event is due, in seconds from the start. The pause before a resume takes no time."""
    weights = [0.0, *(_weigh(previous, event) for previous, event in pairwise(events))]
    total = sum(weights)
    return [seconds * part / total if total else 0.0 for part in accumulate(weights)]


def _weigh(previous: Event, event: Event) -> float:
    return 0.0 if is_launch(event) else max(0.0, event.at - previous.at) ** 0.5


def _wait(end_s: float) -> Iterator[float]:
    """Wait until `end_s` (monotonic seconds) in ticks. Yield each tick's share of the time that was left before it."""
    while (left_s := end_s - time.monotonic()) > 0:
        step_s = min(TICK_S, left_s)
        time.sleep(step_s)
        yield step_s / left_s
