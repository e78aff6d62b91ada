"""What a hypothesis comes from, as far as the ledger says it.

The ledger records three relations: a hypothesis takes an earlier one up again (`screened.again`), it was thrown out as
a repeat of another one (`screened.nearest` of one that wasn't kept), and it was written while the model was told some
lessons (`remembered`). The first two make the tree. Being told a lesson is no descent, so it is only named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from app.record.folders import LEDGER
from app.review.growing.growing_record import GrowingRecord
from app.review.growing.hypothesis_rows import HypothesisRow
from memory.ledger.ledger import Ledger
from pelagos.facts.ideas import Recalled, Remembered, Screened

PAGE_ROWS = 200


@dataclass(frozen=True)
class Parent:
    """`relation` is a predicate; `id` a hypothesis, which is of this run where `inside`."""

    relation: str
    id: str
    inside: bool


@dataclass
class Branch:
    """A hypothesis with those that came from it. `told` are the lessons it was written from."""

    row: HypothesisRow
    parent: Parent | None
    told: Sequence[Recalled] = ()
    children: list[Branch] = field(default_factory=list)


def find_parent(growing: GrowingRecord, row: HypothesisRow) -> Parent | None:
    """Return what the hypothesis takes up again or repeats, None where it is new."""
    screened = growing.record.screened.get(row.id, Screened())
    if screened.again:
        return _make_parent(growing, "takes up again", screened.again[0])
    if not screened.kept and screened.nearest:
        return _make_parent(growing, "was merged into", screened.nearest)
    return None


def _make_parent(growing: GrowingRecord, relation: str, bank_id: str) -> Parent:
    """Make the parent of its id in the bank: the run's label and the hypothesis."""
    label, _, id = bank_id.rpartition("/")
    inside = label in ("", growing.folder.name, str(growing.folder.resolve())) and id in growing.record.proposed
    return Parent(relation, id if inside else bank_id, inside)


def grow_tree(growing: GrowingRecord, rows: Sequence[HypothesisRow]) -> dict[int | None, list[Branch]]:
    """Return lane -> the branches of these rows, in the order of proposal. A row stands below its parent where that is
    among them."""
    told = _read_told(growing, rows)
    branches = {row.id: Branch(row, find_parent(growing, row), told.get(row.id, ())) for row in rows}
    lanes: dict[int | None, list[Branch]] = {}
    for branch in branches.values():
        above = branches.get(branch.parent.id) if branch.parent and branch.parent.inside else None
        if above is not None and above.row.number < branch.row.number:
            above.children.append(branch)
        else:
            lanes.setdefault(branch.row.lane, []).append(branch)
    return dict(sorted(lanes.items(), key=lambda item: -1 if item[0] is None else item[0]))


def _read_told(growing: GrowingRecord, rows: Sequence[HypothesisRow]) -> dict[str, list[Recalled]]:
    with closing(Ledger.read(growing.folder / LEDGER)) as reader:
        facts = ((row.id, reader.fact(Remembered, row.id)) for row in rows)
        return {id: fact.items for id, fact in facts if fact}


def walk_tree(branches: Sequence[Branch], depth: int = 0) -> Iterator[tuple[int, Branch]]:
    """Yield each branch with its depth, from the root down."""
    for branch in branches:
        yield depth, branch
        yield from walk_tree(branch.children, depth + 1)
