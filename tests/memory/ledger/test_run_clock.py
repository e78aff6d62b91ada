"""The time worked is the time that really passed, although the system's clock is set and the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.pacing.pace import Pace
from app.live.progress import estimate_next_verdict
from app.record.record import Record
from memory.ledger.ledger import Ledger, Reader
from memory.ledger.run_clock import LONGEST_GAP_S, RunClock
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import CapReached
from pelagos.facts.fact import Cost
from pelagos.settings import Caps

DAY, YEARS = 86_400.0, 50 * 365 * 86_400.0
LESSON = {"id": "l1", "hypothesis": "h1", "title": "T", "target": "t", "verdict": "refuted"}
STEPS = [0.0, YEARS, -YEARS, DAY, -DAY, 3600.0, -3600.0, 2.0, -2.0]


class Clocks:
    """`pass_` lets time pass on both clocks; `set` sets the system's one alone, as NTP does and as a sleep looks."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.steady, self.ahead = 5_000.0, 1_700_000_000.0
        patch.setattr(time, "monotonic", lambda: self.steady)
        patch.setattr(time, "time", lambda: self.steady + self.ahead)

    def pass_(self, seconds: float) -> None:
        self.steady += seconds

    def set(self, by: float) -> None:
        self.ahead += by


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def worked(ledger: Ledger, clocks: Clocks, steps: list[tuple[float, float, float]], name: str) -> Budget:
    """A process that does a step of so many seconds for each triple; the clock is set within it and after it."""
    made = Steps(ledger, Budget(Caps(), ledger))

    def action(seconds: float, within: float) -> tuple[dict[str, Any], Cost]:
        clocks.pass_(seconds / 2)
        clocks.set(within)
        clocks.pass_(seconds / 2)
        return {"seconds": 0.0}, Cost()

    for number, (seconds, within, after) in enumerate(steps):
        made.once("e", f"{name}/{number}", {}, Cost(), lambda: action(seconds, within))  # noqa: B023
        clocks.set(after)
    return made.budget


def spent(ledger: Reader) -> float:
    """As the next process that resumes the run finds it."""
    return Budget(Caps(), Ledger.read(ledger.path)).summary().seconds.spent


@pytest.mark.parametrize("by", STEPS)
@pytest.mark.parametrize("moment", ["within", "after", "between"])
def test_a_clock_that_is_set_changes_nothing(by: float, moment: str, ledger: Ledger, clocks: Clocks) -> None:
    plain = (40.0, 0.0, 0.0)
    odd = {"within": (40.0, by, 0.0), "after": (40.0, 0.0, by), "between": plain}[moment]
    first = worked(ledger, clocks, [plain, odd, plain], "a")
    assert first.summary().seconds.spent == pytest.approx(120)
    assert spent(ledger) == pytest.approx(120, abs=1)
    clocks.set(by if moment == "between" else 0.0)
    clocks.pass_(5000)  # nobody works
    second = worked(ledger, clocks, [plain, plain], "b")
    assert second.summary().seconds.spent == pytest.approx(200, abs=2)
    assert spent(ledger) == pytest.approx(200, abs=2)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 2000), st.sampled_from(STEPS), st.sampled_from(STEPS)), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(STEPS),
)
def test_every_resume_finds_what_passed(sessions: list[list[tuple[float, float, float]]], between: float) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        clocks, ledger = Clocks(patch), Ledger.open(Path(folder) / "ledger.db")
        passed = 0.0
        for number, steps in enumerate(sessions):
            worked(ledger, clocks, steps, str(number))
            passed += sum(seconds for seconds, _, _ in steps)
            # The clocks may be apart by less than a second each time before it is seen.
            assert spent(ledger) == pytest.approx(passed, abs=0.01 + len(steps))
            clocks.set(between)
        assert Record.from_events(ledger.events()).compute_elapsed() == pytest.approx(
            passed, abs=0.01 + sum(map(len, sessions))
        )
        ledger.close()


def test_caps_hold_though_the_clock_is_set_back(ledger: Ledger, clocks: Clocks) -> None:
    worked(ledger, clocks, [(60.0, -DAY, -YEARS), (60.0, -DAY, 0.0)], "a")
    with pytest.raises(CapReached, match="seconds: 120 of 100"):
        Budget(Caps(seconds=100), ledger).reserve(Cost())
    Budget(Caps(seconds=130), ledger).reserve(Cost())


def test_a_machine_that_sleeps_spends_nothing(ledger: Ledger, clocks: Clocks) -> None:
    assert worked(ledger, clocks, [(60.0, 8 * 3600.0, 0.0)], "a").summary().seconds.spent == 60
    assert spent(ledger) == pytest.approx(60)


def test_a_quiet_clock_leaves_few_rows(ledger: Ledger, clocks: Clocks) -> None:
    worked(ledger, clocks, [(10.0, 0.0, 0.0)] * 60, "a")
    assert len(ledger.events("clock.intent")) <= 3


class Row(NamedTuple):
    at: float
    kind: str
    payload: dict[str, Any]


def old(*rows: tuple[float, str, dict[str, Any]]) -> float:
    clock = RunClock()
    for row in rows:
        clock.fold(Row(*row))
    return clock.seconds


def test_the_ledger_of_an_earlier_version_gives_a_sensible_figure() -> None:
    began = ("clock.intent", {"began": 0.0})
    assert old((0, *began), (100, "e", {}), (200, "clock.intent", {"began": 190.0}), (250, "e", {})) == 160
    assert old((0, *began), (100, "e", {}), (YEARS, "e", {}), (YEARS + 50, "e", {})) == 150 + LONGEST_GAP_S
    assert old((YEARS, "clock.intent", {"began": YEARS}), (YEARS + 100, "e", {}), (30, "e", {}), (80, "e", {})) == 150
    assert old((0, *began), (7200, "experiment", {"seconds": 7100.0})) == 7200, "a long experiment says so itself"


@pytest.mark.parametrize("by", STEPS)
def test_pace_and_the_due_verdict_stay_sane(by: float, ledger: Ledger, clocks: Clocks) -> None:
    steps = Steps(ledger, Budget(Caps(), ledger))

    def action(seconds: float, within: float) -> tuple[dict[str, Any], Cost]:
        clocks.pass_(seconds)
        clocks.set(within)
        return {}, Cost()

    steps.once("e", "1", {}, Cost(), lambda: action(10.0, 0.0))
    ledger.append("pace", "h1", {"hypothesis": "h1", "hypothesis_s": 100.0})
    steps.once("e", "2", {}, Cost(), lambda: action(60.0, by))
    assert estimate_next_verdict(Record.from_events(ledger.events()), time.time()) == "next verdict in about 40 s"
    ledger.append("lesson", "h1", LESSON)
    assert Pace.from_ledger(ledger).hypothesis_s(None, None) == pytest.approx(60, abs=2)


class Stamp(NamedTuple):
    at: float
    kind: str
    payload: dict[str, Any]


def reckoned(*rows: Stamp) -> float:
    clock = RunClock()
    for row in rows:
        clock.fold(row)
    return clock.seconds


def row(at: float, **payload: Any) -> Stamp:
    return Stamp(at, "e", payload)


def test_a_ledger_of_an_earlier_version_is_reckoned_from_its_first_stamp_on() -> None:
    assert reckoned() == 0
    assert reckoned(row(1e9)) == 0
    assert reckoned(row(1e9), row(1e9 + 30), row(1e9 + 50)) == 50


@pytest.mark.parametrize(
    ("passed", "payload", "counts"),
    [
        (LONGEST_GAP_S, {}, LONGEST_GAP_S),
        (LONGEST_GAP_S + 1, {}, LONGEST_GAP_S),
        (-5.0, {}, 0.0),
        (5000.0, {"seconds": 2400.0}, 4800.0),
        (5000.0, {"wall_s": 2600.0}, 5000.0),
        (5000.0, {"seconds": 1000.0, "wall_s": 2000.0}, 4000.0),
        (5000.0, {"seconds": 10.0}, LONGEST_GAP_S),
        (5000.0, {"seconds": "long"}, LONGEST_GAP_S),
    ],
)
def test_no_gap_counts_for_more_than_it_can_be(passed: float, payload: dict[str, Any], counts: float) -> None:
    assert reckoned(row(100.0), row(100.0 + passed, **payload)) == counts


def test_spans_hold_in_place_of_stamps_and_pauses_are_nobodys() -> None:
    begun, closed = (
        Stamp(10.0, "clock.intent", {"began": 5.0}),
        Stamp(100.0, "clock.intent", {"began": 100.0, "lived": 60.0}),
    )
    assert reckoned(begun, row(40.0)) == 35
    assert reckoned(begun, row(40.0), closed) == 60
    assert reckoned(begun, row(40.0), closed, row(104.0)) == 64
    paused = Stamp(104.0, "pause.intent", {"lived": 4.5})
    assert reckoned(begun, row(40.0), closed, paused, row(800.0)) == 64.5
    assert (
        reckoned(begun, closed, paused, row(800.0), Stamp(900.0, "clock.intent", {"began": 900.0}), row(903.0)) == 67.5
    )
    again = Stamp(500.0, "clock.intent", {"began": 450.0})  # the process before it was killed: its last row counts
    assert reckoned(begun, row(40.0), again, row(460.0)) == 45


def test_after_an_end_the_clock_rests_until_the_next_launch() -> None:
    clock = RunClock()
    clock.fold(row(10.0))
    clock.fold(row(20.0))
    clock.stop()
    clock.fold(row(500.0))
    assert clock.seconds == 10
    clock.fold(Stamp(600.0, "clock.intent", {"began": 600.0}))
    clock.fold(row(605.0))
    assert clock.seconds == 15
