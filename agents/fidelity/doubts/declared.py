"""Evaluates the doubts declared in `techniques.toml`: patterns in the claim, the change and the measurement.

Together they mean that a technique is there only in part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.fidelity.measured import Amount, parse_amount

FIRST, LAST = "learning rate at first", "learning rate at last"


@dataclass(frozen=True)
class Doubt:
    """A doubt holds if all its conditions do. `asked` must match the claim, `unasked` must not; `code` must match the
    change, `lacks` must not; a measured line must match `shows`, none may match `misses`. The last two need a
    measurement."""

    why: str
    asked: re.Pattern[str] | None = None
    unasked: re.Pattern[str] | None = None
    code: re.Pattern[str] | None = None
    lacks: re.Pattern[str] | None = None
    shows: re.Pattern[str] | None = None
    misses: re.Pattern[str] | None = None

    def holds(self, text: str, code: str, differences: Sequence[str] | None) -> bool:
        if (self.shows or self.misses) and differences is None:
            return False
        lines = differences or ()
        present = [(self.asked, [text]), (self.code, [code]), (self.shows, lines)]
        absent = [(self.unasked, [text]), (self.lacks, [code]), (self.misses, lines)]
        return all(_matches_any(pattern, texts) for pattern, texts in present if pattern) and not any(
            _matches_any(pattern, texts) for pattern, texts in absent if pattern
        )


@dataclass(frozen=True)
class Rate:
    """Bounds of the measured learning rate at the start or end, as a share of the formerly constant rate."""

    at: str
    why: str
    least: float = 0.0
    most: float = 1e9
    asked: re.Pattern[str] | None = None
    unasked: re.Pattern[str] | None = None

    def holds(self, text: str, differences: Sequence[str]) -> bool:
        """Whether the rate is out of bounds. False if it wasn't constant before."""
        if (self.asked and not self.asked.search(text)) or (self.unasked and self.unasked.search(text)):
            return False
        if not any(line.startswith("learning rates: constant -> ") for line in differences):
            return False
        rates: dict[str, Amount] = {amount.name: amount for line in differences if (amount := parse_amount(line))}
        before = next((rates[name].old for name in (FIRST, LAST) if name in rates), 0.0)
        current = rates[self.at].new if self.at in rates else before
        return before > 0 and not self.least <= current / before <= self.most


def parse_doubt(entry: dict[str, Any]) -> Doubt:
    return Doubt(**_compile(entry))


def parse_rate(entry: dict[str, Any]) -> Rate:
    return Rate(**{**_compile(entry), "at": {"first": FIRST, "last": LAST}[entry["at"]]})


def _compile(entry: dict[str, Any]) -> dict[str, Any]:
    """Compile the patterns of an entry, those for the claim case-insensitively."""
    not_patterns = {"why", "at", "least", "most"}
    return {
        name: value if name in not_patterns else re.compile(value, re.I if name in ("asked", "unasked") else re.M)
        for name, value in entry.items()
    }


def _matches_any(pattern: re.Pattern[str], texts: Sequence[str]) -> bool:
    return any(pattern.search(text) for text in texts)
