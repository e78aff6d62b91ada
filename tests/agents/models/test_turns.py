from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from agents.models.turns import Turns


def test_never_more_than_slots_and_all_come_by() -> None:
    turns, lock, inside, most = Turns(3), threading.Lock(), 0, 0

    def work(_n: int) -> None:
        nonlocal inside, most
        assert turns.take()
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.002)
        with lock:
            inside -= 1
        turns.give()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(100)))
    assert (most, turns.held) == (3, 0)


def test_turns_come_in_order_of_arrival() -> None:
    turns, order = Turns(1), []
    assert turns.take()

    def work(n: int) -> None:
        assert turns.take()
        order.append(n)
        turns.give()

    with ThreadPoolExecutor(8) as pool:
        for n in range(8):
            pool.submit(work, n)
            time.sleep(0.02)
        turns.give()
    assert order == list(range(8))


def test_who_waits_too_long_goes_and_nobody_loses_a_turn() -> None:
    turns = Turns(1)
    assert turns.take()
    assert not turns.take(0.02)
    turns.give()
    assert turns.take(0.02)
    turns.give()
    assert turns.held == 0
