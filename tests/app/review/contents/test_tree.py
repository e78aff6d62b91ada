from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.record.folders import LEDGER
from app.review.contents.tree import Parent, find_parent, grow_tree, walk_tree
from app.review.growing.growing_record import GrowingRecord
from memory.ledger.ledger import Ledger
from pelagos.facts.ideas import Screened
from tests.app.review.long_run import write_long_run


@pytest.fixture
def growing(tmp_path: Path) -> GrowingRecord:
    folder = write_long_run(tmp_path / "r", 6, lanes=2)
    with closing(Ledger.open(folder / LEDGER)) as ledger:
        for id, title in (("h7", "Seven"), ("h8", "Eight"), ("h9", "Nine"), ("h10", "Ten")):
            fields = {"statement": "s", "rationale": "", "refuted_by": "", "target": "t"}
            ledger.append("hypothesis", id, {"id": id, "title": title, **fields})
        ledger.record(Screened(hypothesis="h7", kept=False, reason="repeats", nearest="r/h2"), "h7")
        ledger.record(Screened(hypothesis="h8", kept=True, again=["r/h7"]), "h8")
        ledger.record(Screened(hypothesis="h9", kept=True, again=["other/h2"], nearest="r/h1"), "h9")
        ledger.record(Screened(hypothesis="h10", kept=True, nearest="r/h1"), "h10")
    made = GrowingRecord(folder)
    made.refresh()
    return made


def test_a_parent_is_what_is_taken_up_again_or_repeated(growing: GrowingRecord) -> None:
    parents = {row.id: find_parent(growing, row) for row in growing.list_rows()}
    assert parents["h1"] is None
    assert parents["h10"] is None  # it is near to another one, no more
    assert parents["h7"] == Parent("was merged into", "h2", True)
    assert parents["h8"] == Parent("takes up again", "h7", True)
    assert parents["h9"] == Parent("takes up again", "other/h2", False)


def test_children_stand_below_their_parent_in_its_lane(growing: GrowingRecord) -> None:
    lanes = grow_tree(growing, growing.list_rows())
    shown = {lane: [(depth, branch.row.id) for depth, branch in walk_tree(roots)] for lane, roots in lanes.items()}
    assert shown == {
        None: [(0, "h9"), (0, "h10")],
        0: [(0, "h1"), (0, "h3"), (0, "h5")],
        1: [(0, "h2"), (1, "h7"), (2, "h8"), (0, "h4"), (0, "h6")],
    }


def test_a_parent_on_another_page_is_named(growing: GrowingRecord) -> None:
    lanes = grow_tree(growing, growing.list_rows()[6:])
    assert [branch.row.id for _, branch in walk_tree(lanes[None])] == ["h7", "h8", "h9", "h10"]
    assert lanes[None][0].parent == Parent("was merged into", "h2", True)


def test_the_lessons_that_were_told_are_named(growing: GrowingRecord) -> None:
    lanes = grow_tree(growing, growing.list_rows()[:1])
    assert [lesson.id for lesson in lanes[0][0].told][:2] == ["r/h0", "r/h1"]
