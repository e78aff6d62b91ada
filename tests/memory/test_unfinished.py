"""What a killed process had in flight is settled once, by what was reserved for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memory import unfinished
from memory.budget import Budget, Cost
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.errors import ModelUnavailable
from pelagos.settings import Caps

CHILD = """
import sys, threading, time
from pathlib import Path
from memory.budget import Budget, Cost
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.errors import ModelUnavailable
from pelagos.settings import Caps

ledger = Ledger.open(Path(sys.argv[1]))
steps = Steps(ledger, Budget(Caps(disk_mb=None), ledger))
steps.once("model", "done", {}, Cost(tokens=500), lambda: ({}, Cost(tokens=7)))

def fails():
    raise ModelUnavailable("no")

try:
    steps.once("model", "failed", {}, Cost(tokens=500), fails)
except ModelUnavailable:
    pass
sent = threading.Semaphore(0)

def hangs():
    sent.release()
    time.sleep(60)

for kind, key, cost in (("model", "a", Cost(tokens=1000, usd=0.5)), ("embedding", "b", Cost(tokens=30, usd=None)),
                        ("experiment", "c", Cost(experiments=1))):
    threading.Thread(target=steps.once, args=(kind, key, {}, cost, hangs), daemon=True).start()
    sent.acquire()
print("in flight", flush=True)
time.sleep(60)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE)
    assert child.stdout
    assert child.stdout.readline() == b"in flight\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    return path


def steps(path: Path) -> Steps:
    ledger = Ledger.open(path)
    return Steps(ledger, Budget(Caps(disk_mb=None), ledger))


def test_calls_in_flight_at_a_kill_are_settled_by_their_reservation_once(killed: Path) -> None:
    resumed = steps(killed)
    assert resumed.budget.summary().tokens.spent == 7
    calls, cost = unfinished.settle(resumed)
    assert (calls, cost.tokens, cost.usd) == (2, 1030, None)
    summary = resumed.budget.summary()
    assert (summary.tokens.spent, summary.usd.spent, summary.unknown_priced) == (1037, 0.5, 1)
    assert summary.experiments.spent == 0
    assert unfinished.settle(resumed) == (0, Cost())
    resumed.ledger.close()
    again = steps(killed)
    assert again.budget.summary().tokens.spent == 1037
    assert unfinished.settle(again) == (0, Cost())
    again.once("model", "a", {}, Cost(tokens=1000), lambda: ({}, Cost(tokens=40)))  # it is asked anew, and paid anew
    assert unfinished.settle(again)[0] == 0
    assert again.budget.summary().tokens.spent == 1077
    again.ledger.close()


def test_a_call_that_is_killed_twice_is_settled_twice(killed: Path) -> None:
    resumed = steps(killed)
    unfinished.settle(resumed)
    resumed.ledger.intend("model", "a", {"reserved": {"tokens": 1000, "usd": 0.0}})
    assert unfinished.settle(resumed)[1].tokens == 1000
    resumed.ledger.close()


def test_a_call_that_failed_is_not_in_flight(tmp_path: Path) -> None:
    made = steps(tmp_path / "ledger.db")

    def fails() -> tuple[dict[str, object], Cost]:
        raise ModelUnavailable("no")

    with pytest.raises(ModelUnavailable):
        made.once("model", "a", {}, Cost(tokens=5), fails)
    assert unfinished.open_intents(made.ledger) == []
    made.ledger.close()


def test_many_losses_of_one_key_all_count(tmp_path: Path) -> None:
    made = steps(tmp_path / "ledger.db")
    for _ in range(3):
        made.spend("model.fault", "a", {"cause": "down"}, Cost(tokens=4))
    assert made.budget.summary().tokens.spent == 12
    assert [event.key for event in made.ledger.events("model.fault")] == ["a/0", "a/1", "a/2"]
    made.ledger.close()
