"""Caps hold under any interleaving, totals come back from the ledger, and unknown prices are said."""

from __future__ import annotations

import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Held
from hypothesis.stateful import RuleBasedStateMachine, consumes, invariant, rule

from memory import budget as module
from memory.budget import Budget, Cost
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.errors import CapReached
from pelagos.settings import Caps

CAPS = Caps(tokens=100, usd=5.0, experiments=4, disk_mb=None)
costs = st.builds(
    Cost, tokens=st.integers(0, 60), usd=st.none() | st.integers(0, 3).map(float), experiments=st.integers(0, 2)
)


class BudgetMachine(RuleBasedStateMachine):
    """Reservations come and go in any order; a settled cost is at most what was reserved."""

    held = Held("held")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.ledger = Ledger.open(Path(self.folder.name) / "ledger.db")
        self.budget = Budget(CAPS, self.ledger)
        self.spent: list[Cost] = []
        self.open: dict[int, Cost] = {}

    @rule(target=held, cost=costs)
    def reserve(self, cost: Cost) -> int | None:
        wanted = [*self.spent, *self.open.values(), cost]
        fits = all(
            not getattr(cost, name) or sum(getattr(one, name) or 0 for one in wanted) <= getattr(CAPS, name)
            for name in ("tokens", "usd", "experiments")
        )
        try:
            number = self.budget.reserve(cost)
        except CapReached:
            assert not fits
            return None
        assert fits
        self.open[number] = cost
        return number

    @rule(number=consumes(held), share=st.integers(0, 2))
    def settle(self, number: int | None, share: int) -> None:
        if number is not None:
            reserved = self.open.pop(number)
            cost = reserved._replace(tokens=reserved.tokens * share // 2)
            self.budget.settle(number, cost)
            self.spent.append(cost)

    @rule(number=consumes(held))
    def release(self, number: int | None) -> None:
        if number is not None:
            del self.open[number]
            self.budget.release(number)

    @invariant()
    def no_cap_is_passed(self) -> None:
        now = self.budget.summary()
        for name in ("tokens", "usd", "experiments"):
            gauge = getattr(now, name)
            assert gauge.spent == sum(getattr(cost, name) or 0 for cost in self.spent)
            assert gauge.reserved == sum(getattr(cost, name) or 0 for cost in self.open.values())
            assert gauge.spent + gauge.reserved <= gauge.cap
        assert now.unknown_priced == sum(cost.usd is None for cost in self.spent)

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()


BudgetMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestBudget = BudgetMachine.TestCase


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "ledger.db")


def test_racing_threads_never_pass_a_cap(ledger: Ledger) -> None:
    steps = Steps(ledger, Budget(Caps(experiments=10), ledger))
    start, refused = threading.Barrier(8), []

    def work(name: int) -> None:
        start.wait()
        for number in range(5):
            try:
                steps.once("e", f"{name}-{number}", {}, Cost(experiments=1), lambda: ({}, Cost(experiments=1)))
            except CapReached:
                refused.append(number)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.events("e")) == 10
    assert len(refused) == 30


def test_totals_come_back_from_the_ledger(ledger: Ledger) -> None:
    steps = Steps(ledger, Budget(Caps(), ledger))
    for number, usd in enumerate((0.5, None, 0.25)):
        cost = Cost(tokens=10, usd=usd, experiments=1)
        steps.once("m", str(number), {}, Cost(), lambda cost=cost: ({}, cost))
    again = Budget(Caps(tokens=35), Ledger.read(ledger.path)).summary()
    assert (again.tokens.spent, again.usd.spent, again.experiments.spent) == (30, 0.75, 3)
    assert again.unknown_priced == 1
    with pytest.raises(CapReached, match="tokens: 30 of 35"):
        Budget(Caps(tokens=35), ledger).reserve(Cost(tokens=6))


def test_cost_adds_by_field_and_unknown_stays_unknown() -> None:
    assert Cost(1, 0.5, 1, 2.0) + Cost(2, 0.25, 0, 1.0) == Cost(3, 0.75, 1, 3.0)
    assert (Cost(usd=None) + Cost(usd=1.0)).usd is None


class Clock:
    """Both clocks, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(module.time, "time", lambda: self.now)


def test_wall_clock_is_counted_over_resumes_without_the_pause(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    def session(number: int) -> Budget:
        steps = Steps(ledger, Budget(Caps(seconds=100), ledger))
        steps.once("e", f"{number}", {}, Cost(), lambda: (setattr(clock, "now", clock.now + 40) or {}, Cost()))
        return steps.budget

    assert session(1).summary().seconds.spent == 40
    clock.now += 5000  # nothing runs, and somebody leaves a decision
    ledger.append("decision", "1", {})
    clock.now += 5000
    assert session(2).summary().seconds.spent == 80
    clock.now += 7
    assert session(3).summary().seconds.spent == 120
    with pytest.raises(CapReached, match="seconds"):
        Budget(Caps(seconds=100), ledger).reserve(Cost())
    Budget(Caps(seconds=130), ledger).reserve(Cost())


def test_disk_is_the_run_folder(ledger: Ledger) -> None:
    (ledger.path.parent / "big").write_bytes(b"0" * 3_000_000)
    budget = Budget(Caps(disk_mb=4.0), ledger)
    assert budget.summary().disk_mb.spent > 3
    with pytest.raises(CapReached, match="disk_mb"):
        budget.reserve(Cost(disk_mb=2.0))
    budget.reserve(Cost(disk_mb=0.5))
    (ledger.path.parent / "more").write_bytes(b"0" * 2_000_000)
    with pytest.raises(CapReached, match="disk_mb"):
        Budget(Caps(disk_mb=4.0), ledger).reserve(Cost(tokens=1))
