"""A side effect happens once: across threads, failures and real kills."""

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

from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import BadReply, CapReached, Interrupted, RunFailed, SandboxError
from pelagos.facts.calls import Call
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent, Lost
from pelagos.settings import Caps

CHILD = """
import sys, threading, time
from pathlib import Path
from memory.steps.budget import Budget
from pelagos.facts.fact import Cost
from memory.ledger.ledger import Ledger
from memory.steps.steps import Steps
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


def test_a_record_is_made_once_with_what_it_is_about_and_what_it_cost(steps: Steps) -> None:
    made = Call(role="coder", text="said")
    asked = Intent(role="coder", sample=0)
    for _ in range(2):
        found = steps.made(Call, "k", asked, Cost(tokens=10), lambda: (made, Cost(tokens=7)))
        assert found == Call(role="coder", text="said", cost=Cost(tokens=7))
    intent, fact = steps.ledger.events()[1:]
    assert intent.payload == {"role": "coder", "sample": 0, "reserved": {"tokens": 10, "usd": 0.0}}
    assert fact.payload == {"role": "coder", "text": "said", "cost": Cost(tokens=7)._asdict()}


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


def test_who_waits_for_a_step_that_rests_rests_as_well(steps: Steps) -> None:
    asked, end, both = threading.Event(), threading.Event(), threading.Barrier(2, timeout=10)

    def rest() -> tuple[dict[str, int], Cost]:
        asked.set()
        with steps.budget.resting():
            assert end.wait(10)
        return {}, Cost()

    def wait_for_it() -> tuple[dict[str, int], Cost]:
        both.wait()
        return steps.once("m", "inner", {}, Cost(), rest), Cost()

    threads = [threading.Thread(target=steps.once, args=("m", key, {}, Cost(), wait_for_it)) for key in "ab"]
    for thread in threads:
        thread.start()
    assert asked.wait(10)
    give_up = time.monotonic() + 10
    while not steps.budget.is_idle() and time.monotonic() < give_up:
        time.sleep(0.01)  # until the other one waits
    is_idle = steps.budget.is_idle()
    end.set()
    for thread in threads:
        thread.join()
    assert is_idle


def test_sigkill_at_random_moments_loses_nothing_and_repeats_only_what_was_in_flight(tmp_path: Path) -> None:
    total, kills, dice = 150, 0, random.Random(3)
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


def test_what_a_step_cost_is_settled_and_nothing_stays_reserved(steps: Steps) -> None:
    steps.once("model", "k", {}, Cost(tokens=90), lambda: ({}, Cost(tokens=7, experiments=2)))
    now = steps.budget.summary()
    assert (now.tokens[:2], now.experiments[:2]) == ((7, 0), (2, 0))
    steps.once("model", "other", {}, Cost(tokens=93), lambda: ({}, Cost(tokens=93)))  # all that is left
    assert steps.budget.summary().tokens[:2] == (100, 0)
    steps.once("model", "k", {}, Cost(tokens=90), lambda: pytest.fail("it is recorded"))
    assert steps.budget.summary().tokens[:2] == (100, 0)


@pytest.mark.parametrize(
    ("reserve", "told"),
    [
        (Cost(tokens=9), {"tokens": 9, "usd": 0.0}),
        (Cost(usd=0.5), {"tokens": 0, "usd": 0.5}),
        (Cost(usd=None), {"tokens": 0, "usd": None}),  # nobody knows what it costs
        (Cost(experiments=1, disk_mb=3.0), None),
        (Cost(), None),
    ],
)
def test_what_somebody_is_paid_for_says_so_before_it_begins(steps: Steps, reserve: Cost, told: object) -> None:
    def fail() -> tuple[dict[str, int], Cost]:
        raise BadReply("nothing that fits")

    with pytest.raises(BadReply):
        steps.once("model", "k", {"role": "coder"}, reserve, fail)
    (intent,) = steps.ledger.events("model.intent")
    assert intent.payload == {"role": "coder"} | ({"reserved": told} if told else {})
    failed = [(event.key, event.payload) for event in steps.ledger.events("failed.intent")]
    assert failed == ([("k", {"of": "model"})] if told else [])
    assert steps.budget.summary().tokens[:2] == (0, 0)


def test_only_failures_that_pelagos_knows_are_over(steps: Steps) -> None:
    """After a fault of its own, or a kill, the call may have been billed: the next launch settles it."""

    def crash() -> tuple[dict[str, int], Cost]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        steps.once("model", "k", {}, Cost(tokens=9), crash)
    assert steps.ledger.events("failed.intent") == []


def test_what_was_spent_for_nothing_is_recorded_each_time_and_counts(steps: Steps) -> None:
    for usd in (0.5, None, 0.25):
        steps.spend(Lost(why="killed"), "k", Cost(tokens=5, usd=usd))
    assert [event.key for event in steps.ledger.events("lost")] == ["k/0", "k/1", "k/2"]
    assert steps.ledger.events("lost")[1].payload == {
        "why": "killed", "cost": {"tokens": 5, "usd": None, "experiments": 0, "disk_mb": 0.0},
    }  # fmt: skip
    now = steps.budget.summary()
    assert (now.tokens.spent, now.usd.spent) == (15, 0.75)


def test_what_is_tried_is_tried_again_after_a_fault_of_the_machinery_alone(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxError, "waits", (0.0, 0.0))
    faults: list[Exception] = [SandboxError("can't start"), SandboxError("can't fork")]

    def act() -> str:
        if faults:
            raise faults.pop(0)
        return "done"

    assert steps.retry("scoring", "k", act) == "done"
    assert [event.payload["cause"] for event in steps.ledger.events("scoring.attempt")] == ["can't start", "can't fork"]
    faults.append(BadReply("odd"))
    with pytest.raises(BadReply):
        steps.retry("scoring", "k", act)
    faults.extend([SandboxError("gone")] * 3)
    with pytest.raises(RunFailed, match="scoring: the sandbox failed 3 times in a row"):
        steps.retry("scoring", "k", act)


def test_the_waits_between_attempts_grow_as_the_fault_says(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxError, "waits", (1.0, 5.0))
    waited: list[float] = []
    monkeypatch.setattr(steps._stop, "wait", lambda seconds: waited.append(seconds) or False)
    results = [SandboxError("a"), {"outcome": "killed"}, SandboxError("b"), {"outcome": "killed"}, {"outcome": "ok"}]

    def act() -> tuple[dict[str, str], Cost]:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result, Cost()

    assert steps.once("e", "k", {}, Cost(), act)["outcome"] == "ok"
    assert waited == [1.0, 1.0, 5.0, 5.0]


def test_a_stop_ends_the_wait(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    def act() -> tuple[dict[str, str], Cost]:
        steps._stop.set()
        raise SandboxError("can't start")

    monkeypatch.setattr(SandboxError, "waits", (60.0,))
    with pytest.raises(Interrupted):
        steps.once("e", "k", {}, Cost(experiments=1), act)
    assert steps.budget.summary().experiments[:2] == (0, 0)
