"""Caps hold under any interleaving, and totals are rebuilt from the ledger."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Held
from hypothesis.stateful import RuleBasedStateMachine, consumes, invariant, rule

from memory.ledger.ledger import Ledger
from memory.steps import budget as module
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import CapReached
from pelagos.facts.fact import Cost
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


def test_the_loop_leaves_room_that_only_confirming_takes(ledger: Ledger) -> None:
    """For the thread that confirms and those that work for it; others stay within what the loop may spend."""
    budget, one = Budget(Caps(experiments=3), ledger), Cost(experiments=1)
    budget.limit_loop(Caps(experiments=1))
    with ThreadPoolExecutor(1) as pool:
        with budget.confirming():
            budget.reserve(one)
            pool.submit(copy_context().run, budget.reserve, one).result()
            assert budget.summary().experiments.cap == 3
            with pytest.raises(CapReached, match="experiments: 2 of 1"):
                pool.submit(budget.reserve, one).result()
        budget.limit_loop(Caps(experiments=2))
        with pytest.raises(CapReached, match="experiments: 2 of 2"):
            budget.reserve(one)
        with budget.confirming():
            budget.reserve(one)
            with pytest.raises(CapReached, match="experiments: 3 of 3"):
                budget.reserve(one)


def test_totals_come_back_from_the_ledger(ledger: Ledger) -> None:
    steps = Steps(ledger, Budget(Caps(), ledger))
    for number, usd in enumerate((0.5, None, 0.25)):
        cost = Cost(tokens=10, usd=usd, experiments=1)
        steps.once("m", str(number), {}, Cost(), lambda cost=cost: ({}, cost))
    again = Budget(Caps(tokens=35), Ledger.read(ledger.path)).summary()
    assert (again.tokens.spent, again.usd.spent, again.experiments.spent) == (30, 0.75, 3)
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


class Hand:
    """A clock that is moved by hand and given to the budget."""

    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at


def test_time_is_that_of_the_clock_it_is_given_without_pauses(ledger: Ledger) -> None:
    clock = Hand()
    budget = Budget(Caps(seconds=100), ledger, clock)
    clock.at += 30
    assert budget.seconds_left() == 100  # before the first step none has passed
    budget.record_span()
    clock.at += 10
    assert (budget.seconds_left(), budget.summary().seconds[:2]) == (60, (40.0, 0.0))
    budget.pause()
    budget.pause()
    clock.at += 500
    assert budget.seconds_left() == 60
    budget.resume()
    clock.at += 5
    assert budget.seconds_left() == 55
    assert [event.kind for event in ledger.events()] == ["clock.intent", "pause.intent", "clock.intent"]
    assert ledger.events("pause.intent")[0].payload == {"lived": 40.0}
    assert Budget(Caps(), ledger).seconds_left() is None


def test_a_step_that_threads_wait_inside_of_is_not_in_progress(ledger: Ledger) -> None:
    budget = Budget(Caps(), ledger)
    outer = budget.reserve(Cost())
    with budget.within(outer), budget.resting():
        assert budget.is_idle()
        copy_context().run(check_rest_inside_another_step, budget)
        with budget.resting():
            assert budget.is_idle()
        assert budget.is_idle()
    assert not budget.is_idle()
    with budget.resting():
        assert not budget.is_idle()  # this thread isn't inside it any more
    budget.release(outer)
    assert budget.is_idle()


def check_rest_inside_another_step(budget: Budget) -> None:
    inner = budget.reserve(Cost(tokens=1))
    with budget.within(inner):
        assert not budget.is_idle()
        with budget.resting():
            assert budget.is_idle()
        assert not budget.is_idle()
    budget.release(inner)


def test_a_pause_before_the_first_step_leaves_no_row(ledger: Ledger) -> None:
    budget = Budget(Caps(seconds=100), ledger, Hand())
    budget.pause()
    budget.resume()
    assert [event.kind for event in ledger.events()] == ["clock.intent"]


def test_a_long_span_is_closed_and_a_short_one_is_not(ledger: Ledger) -> None:
    clock = Hand()
    budget = Budget(Caps(), ledger, clock)
    budget.record_span()
    spans = [event.payload.get("lived") for event in ledger.events("clock.intent")]
    assert spans == [None]
    budget._span_at = None if budget._span_at is None else budget._span_at - 301
    clock.at += 301
    budget.record_span()
    clock.at += 0.5
    budget.record_span()
    assert [event.payload.get("lived") for event in ledger.events("clock.intent")] == [None, 301.0]


@pytest.mark.parametrize(
    ("caps", "charged", "held", "reached"),
    [
        (Caps(tokens=10), Cost(tokens=10), Cost(), None),
        (Caps(tokens=10), Cost(tokens=11), Cost(), "tokens: 11 of 10"),
        (Caps(tokens=10), Cost(tokens=6), Cost(tokens=4), None),
        (Caps(tokens=10), Cost(tokens=7), Cost(tokens=3), None),
        (Caps(usd=1.0), Cost(usd=1.0), Cost(), None),
        (Caps(usd=1.0), Cost(usd=1.5), Cost(), "usd: 1.5 of 1"),
        (Caps(usd=1.0), Cost(usd=None), Cost(usd=None), None),
        (Caps(experiments=1), Cost(experiments=5), Cost(), None),  # asked for before, at each reservation
        (Caps(), Cost(tokens=10**9, usd=1e9), Cost(), None),
    ],
)
def test_what_was_spent_unasked_is_checked(
    ledger: Ledger, caps: Caps, charged: Cost, held: Cost, reached: str | None
) -> None:
    budget = Budget(caps, ledger, Hand())
    budget.reserve(held)
    budget.charge(charged)
    if reached is None:
        budget.check()
    else:
        with pytest.raises(CapReached, match=reached):
            budget.check()


def test_what_is_held_counts_against_what_was_spent_unasked(ledger: Ledger) -> None:
    budget = Budget(Caps(tokens=10, usd=1.0), ledger, Hand())
    budget.reserve(Cost(tokens=6, usd=0.75))
    budget.charge(Cost(tokens=4, usd=0.25))
    budget.check()
    budget.charge(Cost(tokens=1))
    with pytest.raises(CapReached, match="tokens: 11 of 10"):
        budget.check()
    budget.limit_loop(Caps(usd=1.0))
    budget.charge(Cost(usd=0.25))
    with pytest.raises(CapReached, match="usd"):
        budget.check()


def test_time_is_up_when_it_has_passed(ledger: Ledger) -> None:
    clock = Hand()
    budget = Budget(Caps(seconds=10), ledger, clock)
    budget.reserve(Cost(tokens=1))
    clock.at += 9.5
    budget.check()
    budget.reserve(Cost())
    clock.at += 0.5
    for asked in (budget.check, lambda: budget.reserve(Cost())):
        with pytest.raises(CapReached, match="seconds: 10 of 10"):
            asked()


def test_what_fits_exactly_fits_and_what_is_not_asked_for_is_not_refused(ledger: Ledger) -> None:
    budget = Budget(Caps(tokens=10, experiments=2, usd=1.0), ledger, Hand())
    budget.reserve(Cost(tokens=10, usd=1.0, experiments=2))
    budget.reserve(Cost())
    budget.reserve(Cost(usd=None))
    for more in (Cost(tokens=1), Cost(usd=0.01), Cost(experiments=1)):
        with pytest.raises(CapReached):
            budget.reserve(more)


def test_a_full_run_folder_stops_whatever_asks_for_no_disk(ledger: Ledger) -> None:
    (ledger.path.parent / "big").write_bytes(b"0" * 3_000_000)
    with pytest.raises(CapReached, match="disk_mb"):
        Budget(Caps(disk_mb=2.5), ledger).reserve(Cost())
    budget = Budget(Caps(disk_mb=5.5), ledger)
    budget.reserve(Cost(disk_mb=2.0))
    with pytest.raises(CapReached, match="disk_mb"):
        budget.reserve(Cost(disk_mb=1.0))


def test_disk_is_measured_now_and_then(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    budget = Budget(Caps(), ledger)
    before = budget.summary().disk_mb.spent
    (ledger.path.parent / "deep").mkdir()
    (ledger.path.parent / "deep" / "big").write_bytes(b"0" * 3_000_000)
    clock.now += 4.9
    assert budget.summary().disk_mb.spent == before
    clock.now += 0.2
    assert 3.0 <= budget.summary().disk_mb.spent - before < 3.1


def test_all_of_the_caps_count_while_something_is_confirmed_and_for_no_other_thread(ledger: Ledger) -> None:
    budget = Budget(Caps(tokens=50), ledger, Hand())
    budget.limit_loop(Caps(tokens=5))
    seen: list[float | None] = []
    with budget.confirming():
        budget.release(budget.reserve(Cost(tokens=40)))
        other = threading.Thread(target=lambda: seen.append(budget.summary().tokens.cap))
        other.start()
        other.join()
        with budget.confirming():
            assert budget.summary().tokens.cap == 50
        assert budget.summary().tokens.cap == 50
    assert (seen, budget.summary().tokens.cap) == ([5], 5)
    with pytest.raises(CapReached):
        budget.reserve(Cost(tokens=6))


def test_sums_by_field() -> None:
    assert Cost(1, 2.0, 3, 4.0) + Cost(10, 20.0, 30, 40.0) == Cost(11, 22.0, 33, 44.0)
    assert (Cost(usd=1.0) + Cost(usd=None)).usd is None
    with pytest.raises(TypeError):
        Cost() + 1  # type: ignore[operator]
