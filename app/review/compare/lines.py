"""A line of a comparison: one name, two values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Line(NamedTuple):
    name: str
    a: str
    b: str

    @property
    def differs(self) -> bool:
        return self.a != self.b


def pair_values(a: Mapping[str, str], b: Mapping[str, str]) -> list[Line]:
    """Return a line per name, those of `a` first; "–" where a side has no value. A name without any is left out."""
    lines = (
        Line(name, a.get(name) or "–", b.get(name) or "–") for name in (*a, *(name for name in b if name not in a))
    )
    return [line for line in lines if (line.a, line.b) != ("–", "–")]
