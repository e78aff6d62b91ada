"""A ledger and a checkpoint that don't fit each other, at every row of a run: resuming ends with the same verdicts.

Salvaging a damaged ledger keeps its good beginning, and a backup may bring back one file and not the other.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import create, drive
from memory import salvage
from memory.checkpoints import FILE
from memory.ledger import Event, Ledger
from memory.rows import Row
from tests.agents.crash import TIMES
from tests.agents.scripted import Scripted, ScriptedParts, brief
from tests.toolchains.table import write_task

KINDS = frozenset({"hypothesis", "version", "build", "experiment", "verdict", "lesson", "confirmed", "screened"})
"""What a run found. Verdicts and lessons are compared by what was said last: more of them are said where two lanes
meet in another order."""


class Recorded:
    """A finished run of `lanes` lanes in `project`, with its checkpoints as they were at each row."""

    def __init__(self, project: Path, lanes: int) -> None:
        self.project = project
        settings = brief(lanes=lanes)
        self.run = create(project, str(write_task(project / "table")), settings, project / "runs" / "r", parts())
        self.at: dict[int, Path] = {}
        assert drive(self.run, self._keep, parts=parts()).status == "finished"
        self.rows: list[Row] = salvage.inspect(self.run / "ledger.db")[0]
        self.found = found(self.run)

    def _keep(self, event: Event) -> None:
        kept = self.project / "at" / str(event.seq)
        kept.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal"):
            if (self.run / (FILE + suffix)).exists():
                shutil.copy(self.run / (FILE + suffix), kept)
        self.at[event.seq] = kept

    def copy(self, to: Path, rows: int, checkpoint: int | None) -> Path:
        """The project anew, its ledger cut to `rows`, its checkpoints as they were at the row `checkpoint` (None: at
        the end)."""
        shutil.copytree(self.project, to, ignore=shutil.ignore_patterns("at", "answers"))
        run = to / "runs" / "r"
        described = (run / "run.json").read_text()
        (run / "run.json").write_text(described.replace(str(self.project.resolve()), str(to.resolve())))
        (run / "ledger.db").unlink()
        salvage.build(run / "ledger.db", self.rows[:rows])
        if checkpoint is not None:
            (run / FILE).unlink()
            for part in self.at[checkpoint].iterdir():
                shutil.copy(part, run)
        return run


def parts() -> ScriptedParts:
    return ScriptedParts(Scripted())


def found(run: Path) -> dict[tuple[str, str], Any]:
    with closing(Ledger.read(run / "ledger.db")) as ledger:
        events = ledger.events(kinds=KINDS)
    told = {}
    for event in events:
        payload = {name: value for name, value in event.payload.items() if name not in TIMES}
        newest = event.kind in ("verdict", "lesson")
        told[event.kind, payload["hypothesis"] if newest else event.key] = payload
    return told


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(tmp_path_factory.mktemp("alone"), lanes=1)


def ends_the_same(whole: Recorded, run: Path, when: str) -> None:
    ending = drive(run, parts=parts())
    assert (ending.status, ending.exit_code) == ("finished", 0), (when, ending)
    assert found(run) == whole.found, when
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
def test_cut_at_every_row_it_ends_the_same(case: str, alone: Recorded, tmp_path: Path) -> None:
    for row in range(2, len(alone.rows) + 1):
        tried(case, row, alone, tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_cut_somewhere_it_ends_the_same(case: str, alone: Recorded, tmp_path: Path) -> None:
    """One row of the many that the slow suite walks, drawn anew each time."""
    tried(case, random.randrange(2, len(alone.rows) + 1), alone, tmp_path)


def tried(case: str, row: int, alone: Recorded, tmp_path: Path) -> None:
    rows, checkpoint = CASES[case](row, len(alone.rows))
    run = alone.copy(tmp_path / str(row), rows, checkpoint)
    ends_the_same(alone, run, f"{case}: rows {rows} of {len(alone.rows)}, checkpoint of row {checkpoint}")
