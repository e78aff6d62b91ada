from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from agents.models.llama_cpp.fifo_semaphore import FifoSemaphore


def test_never_more_than_slots_and_all_come_by() -> None:
    semaphore, lock, inside, most = FifoSemaphore(3), threading.Lock(), 0, 0

    def work(_n: int) -> None:
        nonlocal inside, most
        assert semaphore.acquire()
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.002)
        with lock:
            inside -= 1
        semaphore.release()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(100)))
    assert (most, semaphore.held) == (3, 0)


def test_turns_come_in_order_of_arrival() -> None:
    semaphore, order = FifoSemaphore(1), []
    assert semaphore.acquire()

    def work(n: int) -> None:
        assert semaphore.acquire()
        order.append(n)
        semaphore.release()

    with ThreadPoolExecutor(8) as pool:
        for n in range(8):
            pool.submit(work, n)
            while len(semaphore._queue) <= n:  # it has arrived
                time.sleep(0.001)
        semaphore.release()
    assert order == list(range(8))


def test_who_waits_too_long_goes_and_nobody_loses_a_turn() -> None:
    semaphore = FifoSemaphore(1)
    assert semaphore.acquire()
    assert not semaphore.acquire(0.02)
    semaphore.release()
    assert semaphore.acquire(0.02)
    semaphore.release()
    assert semaphore.held == 0
