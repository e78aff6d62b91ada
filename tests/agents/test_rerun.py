"""An experiment that is run again beside its run: what it says, and that a look at sealed data is counted."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agents.rerun import ReadOnlyLedger, RerunContext, read_section, rerun_experiment
from memory.ledger.ledger import Ledger
from pelagos.errors import DamagedRun
from tests.agents.test_loop import launch, read_facts
from tests.toolchains.table import TableToolchain
from tools.toolchain import Section, Task


def count_touches(project: Path) -> int:
    with closing(Ledger.read(project / ".pelagos" / "seal.db")) as ledger:
        return sum(len(event.payload["seeds"]) for event in ledger.events("touch"))


def test_only_what_is_reproduced_on_sealed_data_is_a_touch_and_each_time(tmp_path: Path) -> None:
    _, run, _ = launch(tmp_path, loop={"hypotheses": 1})
    before, rows = count_touches(tmp_path), len(read_facts(run, "experiment"))
    id_of_split = {experiment["split"]: experiment["id"] for experiment in read_facts(run, "experiment")}
    assert rerun_experiment(run, id_of_split["validation"]).outcome == "same"
    assert count_touches(tmp_path) == before > 0
    for looks in (1, 2):
        assert rerun_experiment(run, id_of_split["sealed"]).outcome == "same"
        assert count_touches(tmp_path) == before + looks
    assert len(read_facts(run, "experiment")) == rows  # the run itself is left as it is


def test_a_section_reads_the_ledger_where_it_lies_and_can_record_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run, _ = launch(tmp_path, loop={"hypotheses": 1})
    before = (run / "ledger.db").read_bytes()

    def make_section(self: object, task: Task, context: RerunContext) -> Section:
        with pytest.raises(DamagedRun, match="readonly"):
            context.say("a note")
        return Section("Hypotheses", [("proposed", str(len(context.steps.ledger.events("hypothesis"))))])

    monkeypatch.setattr(TableToolchain, "section", make_section)
    assert read_section(run).rows == [("proposed", "1")]
    assert (run / "ledger.db").read_bytes() == before


def test_a_ledger_that_is_gone_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DamagedRun, match="unable to open database file"):
        ReadOnlyLedger(tmp_path / "none")
