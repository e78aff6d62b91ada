"""Selects the rows of a statistics table that become findings: those that are significant first, then the surest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Trend
from tools.analysis.planning.records import Dropped

FALSE_DISCOVERY_RATE = 0.1
MOST_FINDINGS, MOST_SUGGESTIVE = 5, 2
SAME_MEMBERS = 0.5
"""Jaccard similarity from which on two sets with the same direction are one finding."""


class Selection(NamedTuple):
    """`similar` maps the entity of a row to those that were dropped since they have most members in common with it."""

    rows: list[Row]
    dropped: list[Dropped]
    significant: int
    similar: dict[str, list[str]]


def direction_of(row: Row) -> Trend:
    return "up" if (row.r or 0.0) > 0 else "down"


def select_rows(rows: Sequence[Row]) -> Selection:
    """Return at most MOST_FINDINGS rows: by q <= 0.1 first, then by p, since rows rest on different numbers of samples;
    of those that aren't significant at most MOST_SUGGESTIVE in all. What repeats a stronger row is dropped."""
    usable = list_usable(rows)
    kept: list[Row] = []
    dropped: list[Dropped] = []
    similar: dict[str, list[str]] = {}
    for row in sorted(usable, key=lambda row: (not is_significant(row), row.p or 0.0, -abs(row.r or 0.0), row.entity)):
        if len(kept) == MOST_FINDINGS or (len(kept) >= MOST_SUGGESTIVE and not is_significant(row)):
            break
        same = next((other for other in kept if is_same(row, other)), None)
        if same is None:
            kept.append(row)
        else:
            similar.setdefault(same.entity, []).append(row.entity)
            dropped.append(Dropped(entity=row.entity, reason=f"has most members in common with {same.entity}"))
    return Selection(kept, dropped, sum(map(is_significant, usable)), similar)


def list_usable(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with a p-value and a partial correlation. Descriptions of a list have none."""
    return [row for row in rows if row.p is not None and row.r]


def is_significant(row: Row) -> bool:
    return row.q is not None and row.q <= FALSE_DISCOVERY_RATE


def is_same(row: Row, other: Row) -> bool:
    mine, theirs = set(row.members), set(other.members)
    if not mine or not theirs or direction_of(row) != direction_of(other):
        return False
    return len(mine & theirs) >= SAME_MEMBERS * len(mine | theirs) or mine <= theirs or theirs <= mine
