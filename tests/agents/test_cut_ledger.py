"""A ledger and a checkpoint that don't fit each other, at every row of a run: resuming ends with the same verdicts.

Salvaging a damaged ledger keeps its good beginning, and a backup may bring back one file and not the other.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents import graph
from agents.launch import drive
from agents.setup.create import create
from memory.checkpoints.checkpoints import FILE
from memory.ledger import repair
from memory.ledger.ledger import Event, Ledger
from memory.ledger.rows import Row
from tests.agents.crash import TIMES
from tests.agents.scripted import Scripted, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task

KINDS = frozenset({"hypothesis", "version", "build", "experiment", "verdict", "lesson", "claim", "screened"})
"""What a run found. Verdicts and lessons are compared by what was said last: more of them are said where two lanes
meet in another order."""


class RecordedRun:
    """A finished run of `lanes` lanes in `project`, with its checkpoints as they were at each row."""

    def __init__(self, project: Path, lanes: int, model: Callable[[], Scripted] = Scripted) -> None:
        self.project = project
        settings = make_short_settings(lanes=lanes)
        self.run = create(
            project, str(write_task(project / "table")), settings, project / "runs" / "r", ScriptedAssembly()
        )
        self.at: dict[int, Path] = {}
        assert drive(self.run, self._keep, assembly=ScriptedAssembly(model())).status == "finished"
        self.rows: list[Row] = repair.verified_rows(self.run / "ledger.db")[0]
        self.found = read_findings(self.run)

    def _keep(self, event: Event) -> None:
        kept = self.project / "at" / str(event.seq)
        kept.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal"):
            if (self.run / (FILE + suffix)).exists():
                shutil.copy(self.run / (FILE + suffix), kept)
        self.at[event.seq] = kept

    def copy(self, to: Path, rows: int, checkpoint: int | None) -> Path:
        """Copy the project, with its ledger cut to `rows` and its checkpoints as they were at the row `checkpoint`
        (None: at the end). Returns the run's folder."""
        shutil.copytree(self.project, to, ignore=shutil.ignore_patterns("at", "answers"))
        run = to / "runs" / "r"
        description = (run / "run.json").read_text()
        (run / "run.json").write_text(description.replace(str(self.project.resolve()), str(to.resolve())))
        (run / "ledger.db").unlink()
        repair.write_ledger(run / "ledger.db", self.rows[:rows])
        if checkpoint is not None:
            (run / FILE).unlink()
            for file in self.at[checkpoint].iterdir():
                shutil.copy(file, run)
        return run


def read_findings(run: Path) -> dict[tuple[str, str], Any]:
    with closing(Ledger.read(run / "ledger.db")) as ledger:
        events = ledger.events(kinds=KINDS)
    findings = {}
    for event in events:
        payload = {name: value for name, value in event.payload.items() if name not in TIMES}
        newest = event.kind in ("verdict", "lesson")
        findings[event.kind, payload["hypothesis"] if newest else event.key] = payload
    return findings


@pytest.fixture(scope="module", autouse=True)
def short_segments() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "SEGMENT_IDEAS", 2)
        yield


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    return RecordedRun(tmp_path_factory.mktemp("alone"), lanes=1)


def check_same_ending(whole: RecordedRun, run: Path, when: str) -> None:
    ending = drive(run, assembly=ScriptedAssembly())
    assert (ending.status, ending.exit_code) == ("finished", 0), (when, ending)
    assert read_findings(run) == whole.found, when
    shutil.rmtree(run.parent.parent)


CASES: dict[str, Callable[[int, int], tuple[int, int | None]]] = {
    "the ledger is cut": lambda row, end: (row, None),
    "the checkpoint is old": lambda row, end: (end, row),
    "both, and the ledger is older": lambda row, end: (row, min(end, row + 7)),
    "both, and the checkpoint is older": lambda row, end: (row, max(2, row - 7)),
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", CASES)
def test_cut_at_every_row_it_ends_the_same(case: str, alone: RecordedRun, tmp_path: Path) -> None:
    for row in range(2, len(alone.rows) + 1):
        check_cut(case, row, alone, tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_cut_somewhere_it_ends_the_same(case: str, alone: RecordedRun, tmp_path: Path) -> None:
    """One row of the many that the slow suite walks, drawn anew each time."""
    check_cut(case, random.randrange(2, len(alone.rows) + 1), alone, tmp_path)


def check_cut(case: str, row: int, alone: RecordedRun, tmp_path: Path) -> None:
    rows, checkpoint = CASES[case](row, len(alone.rows))
    run = alone.copy(tmp_path / str(row), rows, checkpoint)
    check_same_ending(alone, run, f"{case}: rows {rows} of {len(alone.rows)}, checkpoint of row {checkpoint}")
