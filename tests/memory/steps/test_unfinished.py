"""A call that a kill interrupted is charged once, with the amount reserved for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memory.ledger.ledger import Ledger
from memory.steps import unfinished
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import ModelUnavailable
from pelagos.facts.calls import ModelFault
from pelagos.facts.fact import Cost
from pelagos.settings import Caps

CHILD = """
import sys, threading, time
from pathlib import Path
from memory.steps.budget import Budget
from pelagos.facts.fact import Cost
from memory.ledger.ledger import Ledger
from memory.steps.steps import Steps
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
    said: list[str] = []
    unfinished.settle(resumed, said.append)
    assert said == ["2 model calls were in flight when the run was killed: 1030 tokens are counted as spent"]
    summary = resumed.budget.summary()
    assert (summary.tokens.spent, summary.usd.spent) == (1037, 0.5)
    assert summary.experiments.spent == 0
    unfinished.settle(resumed, said.append)
    assert len(said) == 1
    resumed.ledger.close()
    again = steps(killed)
    assert again.budget.summary().tokens.spent == 1037
    unfinished.settle(again, said.append)
    again.once("model", "a", {}, Cost(tokens=1000), lambda: ({}, Cost(tokens=40)))  # it is asked anew, and paid anew
    unfinished.settle(again, said.append)
    assert len(said) == 1
    assert again.budget.summary().tokens.spent == 1077
    again.ledger.close()


def test_a_call_that_is_killed_twice_is_settled_twice(killed: Path) -> None:
    resumed = steps(killed)
    said: list[str] = []
    unfinished.settle(resumed, said.append)
    resumed.ledger.intend("model", "a", {"reserved": {"tokens": 1000, "usd": 0.0}})
    unfinished.settle(resumed, said.append)
    assert [text.rpartition(": ")[2] for text in said[1:]] == ["1000 tokens are counted as spent"]
    resumed.ledger.close()


def test_what_was_in_flight_is_told_though_the_run_is_killed_while_it_is_settled(killed: Path) -> None:
    resumed, said = steps(killed), list[str]()
    resumed.ledger.watch(lambda event: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        unfinished.settle(resumed, said.append)
    resumed.ledger.close()
    assert said, "the spending is a fact by now, and nobody would tell it again"


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
        made.spend(ModelFault(cause="down"), "a", Cost(tokens=4))
    assert made.budget.summary().tokens.spent == 12
    assert [event.key for event in made.ledger.events("model.fault")] == ["a/0", "a/1", "a/2"]
    made.ledger.close()
