"""A side effect happens once: over threads, over failures, and over real kills."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from memory.budget import Budget, Cost
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.errors import CapReached
from pelagos.settings import Caps

CHILD = """
import sys, threading, time
from pathlib import Path
from memory.budget import Budget, Cost
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.settings import Caps

folder, total = Path(sys.argv[1]), int(sys.argv[2])
ledger = Ledger.open(folder / "ledger.db")
steps = Steps(ledger, Budget(Caps(), ledger))

def act(key):
    with (folder / "done.log").open("a") as log:
        log.write(f"{key}\\n")
    time.sleep(0.002)
    return {"n": int(key)}, Cost(tokens=1)

def work(start):
    for number in range(start, total, 2):
        steps.once("step", str(number), {}, Cost(tokens=1), lambda: act(str(number)))

threads = [threading.Thread(target=work, args=(start,)) for start in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
ledger.close()
"""


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    ledger = Ledger.open(tmp_path / "ledger.db")
    return Steps(ledger, Budget(Caps(tokens=100), ledger))


def test_the_record_is_returned_and_nothing_done_again(steps: Steps) -> None:
    calls: list[int] = []

    def act() -> tuple[dict[str, int], Cost]:
        calls.append(1)
        return {"text": len(calls)}, Cost(tokens=7)

    first = steps.once("model", "k", {"role": "coder"}, Cost(tokens=10), act)
    assert steps.once("model", "k", {"role": "coder"}, Cost(tokens=10), act) == first
    assert first["cost"]["tokens"] == 7
    assert len(calls) == 1
    assert [event.kind for event in steps.ledger.events()] == ["clock.intent", "model.intent", "model"]


def test_a_failed_action_leaves_its_intent_and_gives_the_reservation_back(steps: Steps) -> None:
    def fail() -> tuple[dict[str, int], Cost]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        steps.once("model", "k", {}, Cost(tokens=90), fail)
    assert steps.budget.summary().tokens[:2] == (0, 0)
    assert steps.ledger.find("model", "k") is None
    assert steps.once("model", "k", {}, Cost(tokens=90), lambda: ({"ok": 1}, Cost()))["ok"] == 1
    assert len(steps.ledger.events("model.intent")) == 2


def test_what_does_not_fit_is_not_begun(steps: Steps) -> None:
    with pytest.raises(CapReached, match="tokens"):
        steps.once("model", "k", {}, Cost(tokens=101), lambda: pytest.fail("must not run"))
    assert steps.ledger.events("model.intent") == []


def test_many_threads_one_key(steps: Steps) -> None:
    calls, results, start = [], [], threading.Barrier(12)

    def act() -> tuple[dict[str, int], Cost]:
        calls.append(1)
        time.sleep(0.05)
        return {"n": len(calls)}, Cost()

    def ask() -> None:
        start.wait()
        results.append(steps.once("model", "same", {}, Cost(), act))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert results == [results[0]] * 12


def test_other_keys_do_not_wait(steps: Steps) -> None:
    both = threading.Barrier(2, timeout=10)  # breaks where one waits for the other

    def act() -> tuple[dict[str, int], Cost]:
        both.wait()
        return {}, Cost()

    threads = [threading.Thread(target=steps.once, args=("m", key, {}, Cost(), act)) for key in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(steps.ledger.events("m")) == 2


def test_sigkill_at_random_moments_loses_nothing_and_repeats_only_what_was_in_flight(tmp_path: Path) -> None:
    total, kills, dice = 200, 0, random.Random(3)
    known: set[str] = set()
    for _attempt in range(40):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), str(total)])
        try:
            before = len(known)
            wanted = before + dice.randint(20, 50)
            if wanted < total:
                _wait_for(tmp_path / "done.log", wanted, child)
                child.send_signal(signal.SIGKILL)
                kills += 1
            code = child.wait(timeout=60)
        finally:
            child.kill()
            child.wait()
        ledger = Ledger.open(tmp_path / "ledger.db")
        now = {event.key for event in ledger.events("step")}
        assert ledger.damage == ""
        assert known <= now
        known = now
        ledger.close()
        if code == 0:
            break
    assert known == {str(number) for number in range(total)}
    assert kills >= 3
    times = Counter((tmp_path / "done.log").read_text().split())
    assert sum(times.values()) - total <= 2 * kills  # two threads: at most two in flight at each kill
    spent = Budget(Caps(), Ledger.read(tmp_path / "ledger.db")).summary().tokens.spent
    assert spent == total


def _wait_for(log: Path, lines: int, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None:
        if log.exists() and len(set(log.read_text().split())) >= lines:
            return
        time.sleep(0.01)
