"""The larger run whose views are measured: as many hypotheses as were asked for, on a whole chain."""

from __future__ import annotations

from pathlib import Path

from app.record import folders
from benchmarks.views import multiply
from memory.ledger.repair import check
from tests.agents.test_loop import launch


def test_a_run_with_its_hypotheses_three_times_over(tmp_path: Path) -> None:
    _, run, _ = launch(tmp_path, loop={"hypotheses": 2})
    once, many = folders.read_record(run), multiply(run, 3, tmp_path / "many")
    assert check(many / "ledger.db")[1] == ""
    whole, glance = folders.read_record(many), folders.read_condensed(many, 20, 40)
    assert len(glance.proposed) == len(whole.hypotheses) == 3 * len(once.hypotheses) > 3
    assert len(whole.lessons) == 3 * len(once.lessons)
    assert whole.ended == once.ended
