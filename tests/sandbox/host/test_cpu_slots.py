from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.host.cpu_slots import CpuSlots


class Board:
    """Counts who is inside at the same time, and the worst that was seen."""

    def __init__(self, slots: CpuSlots) -> None:
        self.slots, self.lock = slots, threading.Lock()
        self.cpus = self.thinkers = 0.0
        self.together = self.most = 0.0
        self.faults: list[str] = []

    def work(self, cpus: float, seconds: float) -> None:
        with self.slots.take(cpus):
            self._move(min(cpus, self.slots.cpus), 0)
            time.sleep(seconds)
            self._move(-min(cpus, self.slots.cpus), 0)

    def think(self, seconds: float) -> None:
        with self.slots.think():
            self._move(0, 1)
            time.sleep(seconds)
            self._move(0, -1)

    def _move(self, cpus: float, thinkers: int) -> None:
        with self.lock:
            self.cpus, self.thinkers = self.cpus + cpus, self.thinkers + thinkers
            self.together, self.most = max(self.together, self.thinkers), max(self.most, self.cpus)
            if self.cpus > self.slots.cpus + 1e-6 or (self.thinkers and self.cpus > 1e-6):
                self.faults.append(f"{self.cpus} cpus and {self.thinkers} thinkers")


def test_thinkers_share_one_hold_and_experiments_share_the_cores() -> None:
    board = Board(CpuSlots(2))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: board.think(0.1), range(4)))
        assert board.together == 4
        list(pool.map(lambda _: board.work(1, 0.05), range(4)))
    assert board.most == 2 and board.faults == []


def test_thinkers_that_wait_come_in_together() -> None:
    slots = CpuSlots(1)
    board = Board(slots)
    with ThreadPoolExecutor(8) as pool:
        with slots.take():
            jobs = [pool.submit(board.think, 0.05) for _ in range(3)]
            jobs += [pool.submit(board.work, 1, 0.01)]
            jobs += [pool.submit(board.think, 0.05) for _ in range(3)]
            while len(slots._queue) < len(jobs):
                time.sleep(0.001)
        for job in jobs:
            job.result(5)
    assert board.together == 6 and board.faults == []


@pytest.mark.parametrize("crowd", ["think", "work"])
def test_neither_starves_under_a_crowd_of_the_other(crowd: str) -> None:
    board, stop = Board(CpuSlots(2)), threading.Event()

    def keep_on() -> None:
        while not stop.is_set():
            board.think(0.01) if crowd == "think" else board.work(1, 0.01)

    with ThreadPoolExecutor(8) as pool:
        busy = [pool.submit(keep_on) for _ in range(6)]
        time.sleep(0.05)
        started = time.monotonic()
        for _ in range(5):
            board.work(2, 0) if crowd == "think" else board.think(0)
        waited = time.monotonic() - started
        stop.set()
        for job in busy:
            job.result(5)
    assert waited < 2 and board.faults == []


def test_a_wide_experiment_is_not_overtaken_for_ever() -> None:
    board, stop = Board(CpuSlots(2)), threading.Event()

    def keep_on() -> None:
        while not stop.is_set():
            board.work(0.5, 0.005)

    with ThreadPoolExecutor(6) as pool:
        busy = [pool.submit(keep_on) for _ in range(5)]
        board.work(99, 0)  # more than there are: all of them
        stop.set()
        for job in busy:
            job.result(5)
    assert board.faults == []


def test_asking_twice_is_an_error_and_not_a_deadlock() -> None:
    slots = CpuSlots(1)
    with slots.think(), pytest.raises(RuntimeError, match="holds slots already"), slots.take():
        pass
    with slots.take():
        pass


def test_a_failure_inside_gives_the_slots_back() -> None:
    slots = CpuSlots()
    for hold in (slots.take, slots.think):
        with pytest.raises(ValueError, match="x"), hold():
            raise ValueError("x")
    with slots.take(slots.cpus):
        pass


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 8), st.integers(0, 10**6))
def test_any_mixture_ends_and_never_oversteps(cpus: float, seed: int) -> None:
    board, dice = Board(CpuSlots(cpus)), random.Random(seed)
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(board.think, 0.001)
            if dice.random() < 0.5
            else pool.submit(board.work, dice.uniform(0.1, 9), 0.001)
            for _ in range(40)
        ]
        for job in jobs:
            job.result(10)
    assert board.faults == []
