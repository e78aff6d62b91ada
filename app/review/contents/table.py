"""Filters, sorts and pages the rows of hypotheses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.report.plots import Axis
from app.review.growing.hypothesis_rows import GROUPS, HypothesisRow
from pelagos.errors import BadInput

PAGE_ROWS = 100
SORTS: dict[str, Callable[[HypothesisRow], Any]] = {
    "best": lambda row: row.standing,
    "id": lambda row: row.number,
    "title": lambda row: row.title.casefold(),
    "verdict": lambda row: (GROUPS.index(row.group), row.number),
    "effect": lambda row: -row.gain,
    "p": lambda row: row.p_value,
    "sealed": lambda row: -(row.claim.gain if row.claim else -math.inf),
    "cost": lambda row: -row.seconds,
}
LARGEST_FIRST = ("effect", "sealed", "cost")


@dataclass(frozen=True)
class TableQuery:
    """`sort` is one of SORTS, with a minus before it for the other way round; `verdict` is one of GROUPS, "" for all;
    `q` are words that all must occur; pages begin at 1."""

    sort: str = "best"
    verdict: str = ""
    q: str = ""
    page: int = 1

    def __post_init__(self) -> None:
        if self.sort.removeprefix("-") not in SORTS:
            raise BadInput(f"sort '{self.sort}': sort by one of {', '.join(SORTS)}")
        if self.verdict and self.verdict not in GROUPS:
            raise BadInput(f"verdict '{self.verdict}': filter by one of {', '.join(GROUPS)}")

    def address(self, **changes: Any) -> str:
        """Return the query part of the same view with these changes; defaults are left out."""
        fields = {"sort": self.sort, "verdict": self.verdict, "q": self.q, "page": 1} | changes
        given = {name: value for name, value in fields.items() if value != getattr(TableQuery, name)}
        return f"?{urlencode(given)}" if given else "?"

    def sort_address(self, column: str) -> str:
        return self.address(sort=f"-{column}" if self.sort == column else column)

    def direction(self, column: str) -> str:
        """Return the value of aria-sort of a column."""
        if self.sort.removeprefix("-") != column:
            return "none"
        is_falling = self.sort.startswith("-") != (column in LARGEST_FIRST)
        return "descending" if is_falling else "ascending"


@dataclass(frozen=True)
class TablePage:
    """`rows` are those of the page, `found` counts all that the query finds, `groups` all rows by group."""

    rows: Sequence[HypothesisRow]
    found: int
    total: int
    pages: int
    groups: list[tuple[str, int]]
    axis: Axis


def choose_rows(rows: Sequence[HypothesisRow], query: TableQuery) -> list[HypothesisRow]:
    """Return the rows that the query finds, sorted; those without the number come last, either way."""
    words = query.q.lower().split()
    found = [
        row
        for row in rows
        if (not query.verdict or row.group == query.verdict) and all(word in row.words for word in words)
    ]
    key = SORTS[query.sort.removeprefix("-")]
    missing = [row for row in found if key(row) == math.inf]
    measured = [row for row in found if key(row) != math.inf] if missing else found
    return sorted(measured, key=key, reverse=query.sort.startswith("-")) + missing


def make_page(rows: Sequence[HypothesisRow], query: TableQuery, min_effect: float = 0.0) -> TablePage:
    found = choose_rows(rows, query)
    pages = max(1, -(-len(found) // PAGE_ROWS))
    first = (min(max(query.page, 1), pages) - 1) * PAGE_ROWS
    shown = found[first : first + PAGE_ROWS]
    counts = Counter(row.group for row in rows)
    return TablePage(
        rows=shown,
        found=len(found),
        total=len(rows),
        pages=pages,
        groups=[(group, counts[group]) for group in GROUPS if counts[group]],
        axis=make_axis(shown, min_effect),
    )


def make_axis(rows: Sequence[HypothesisRow], min_effect: float) -> Axis:
    """Return an axis that holds the intervals of these rows."""
    effects = [row.effect for row in rows if row.effect]
    bounds = [value for effect in effects for value in (effect.value, effect.low, effect.high)]
    return Axis.over(bounds, min_effect)
