"""What a hypothesis takes: from the first measures, then from the last finished ones, also in a resumed run."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.pacing.pace import AVERAGED_HYPOTHESES, FIRST_READ, FIRST_RUNS, FIRST_WRITTEN, Pace
from memory.ledger.ledger import Event, Reader


class FixedReader(Reader):
    """A reader of rows with times of our choice."""

    def __init__(self, *rows: tuple[float, str, dict[str, object]]) -> None:
        self.rows = [Event(seq, at, kind, str(seq), payload) for seq, (at, kind, payload) in enumerate(rows, 1)]

    def events(self, kind: str | None = None, after: int = 0, kinds: object = None) -> list[Event]:
        return [row for row in self.rows if kind in (None, row.kind)]


FINISHED = {"seed": 1, "split": "validation", "outcome": "ok", "seconds": 3.0}
EXPERIMENT: dict[str, object] = {"id": "e", "version": "v", "hypothesis": None, **FINISHED}


def make_lesson(hypothesis: str) -> dict[str, object]:
    return {"id": "l", "hypothesis": hypothesis, "title": "T", "target": "t", "verdict": None}


def test_nothing_measured_nothing_said() -> None:
    assert Pace().hypothesis_s(None, None) is None
    assert Pace(experiment_s=2.0).hypothesis_s(30.0, None) is None


def test_the_first_estimate_is_of_tokens_and_experiments() -> None:
    estimate = Pace(experiment_s=2.0).hypothesis_s(30.0, 10.0)
    assert estimate == pytest.approx(FIRST_READ / 30 + FIRST_WRITTEN / 10 + FIRST_RUNS * 2)


def test_the_last_finished_ones_count_afterwards() -> None:
    pace = Pace([1000.0] * 10 + [10.0] * AVERAGED_HYPOTHESES)
    assert pace.hypothesis_s(1.0, 1.0) == 10.0
    pace.begin("h1")
    pace.end("h1")
    pace.end("h2")  # never begun here: it says nothing
    assert 7.9 < (pace.hypothesis_s(None, None) or 0) < 8.1


def test_a_resumed_run_knows_what_it_took_but_not_over_a_pause() -> None:
    ledger = FixedReader(
        (0, "clock.intent", {}),
        (10, "experiment", EXPERIMENT),
        (20, "pace", {"hypothesis": "h1"}),
        (80, "lesson", make_lesson("h1")),
        (90, "pace", {"hypothesis": "h2"}),
        (9000, "clock.intent", {}),
        (9100, "lesson", make_lesson("h2")),
    )
    pace = Pace.from_ledger(ledger)
    assert pace.hypothesis_s(None, None) == 60.0
    assert pace.experiment_s == 4.0


def test_confirm_takes_a_share_for_each_winner() -> None:
    pace = Pace(experiment_s=3.0)
    assert pace.confirm_s(pairs=8, winners=1, workers=2) == (8 * 2 + 4) * 3 / 2
    assert Pace().confirm_s(8, 3, 1) == 0.0


def test_a_run_without_rows(tmp_path: Path) -> None:
    from memory.ledger.ledger import Ledger

    ledger = Ledger.open(tmp_path / "ledger.db")
    assert Pace.from_ledger(ledger).hypothesis_s(1.0, 1.0) is None
    ledger.close()


def test_waiting_for_a_model_does_not_count_and_threads_that_wait_together_count_once() -> None:
    clock = [0.0]
    pace = Pace(now=lambda: clock[0])

    def wait(hypothesis: str, seconds: float) -> None:
        pace.on_event(Event(1, clock[0], "waited", "x", {"hypothesis": hypothesis, "seconds": seconds}))

    pace.begin("h1")
    pace.begin("h2")
    clock[0] = 700.0
    for _ in range(3):
        wait("h1", 600.0)
    wait("", 600.0)
    clock[0] = 710.0
    wait("h1", 610.0)  # a thread that waited a little longer
    pace.end("h1")
    assert pace.hypothesis_s(None, None) == 100.0
    pace.end("h2")
    assert pace.hypothesis_s(None, None) == (100.0 + 710.0) / 2


def test_a_resumed_run_leaves_out_what_was_waited() -> None:
    pace = Pace.from_ledger(
        FixedReader(
            (0.0, "pace", {"hypothesis": "h1"}),
            (650.0, "waited", {"hypothesis": "h1", "seconds": 600.0}),
            (651.0, "waited", {"hypothesis": "h1", "seconds": 601.0}),
            (655.0, "waited", {"hypothesis": "h2", "seconds": 600.0}),
            (700.0, "lesson", make_lesson("h1")),
        )
    )
    assert pace.hypothesis_s(None, None) == 99.0
