"""Compares what a version did with what the baseline did, if the toolchain measures it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from agents.fidelity.signatures import read_signatures
from agents.judging.differences import list_differences
from pelagos.nouns import Version

if TYPE_CHECKING:
    from agents.run import Run

_AMOUNT = re.compile(r"(?P<name>.+?):? (?P<old>-?[\d.,e+-]+) -> (?P<new>-?[\d.,e+-]+)")


class Amount(NamedTuple):
    """An amount in the baseline (`old`) and in the version (`new`)."""

    name: str
    old: float
    new: float


def measure_differences(version: Version, run: Run) -> list[str] | None:
    """Return the differences as lines; None if nothing is measured, or if calls weren't observed, since a missing call
    then means nothing. Raises CapReached."""
    pair = read_signatures(version, run)
    return list_differences(*pair) if pair and all(signature.names for signature in pair) else None


def parse_amount(line: str) -> Amount | None:
    """Parse a line about an amount; None if it is about something else."""
    match = _AMOUNT.fullmatch(line)
    return Amount(match["name"], _number(match["old"]), _number(match["new"])) if match else None


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "").rstrip("."))
    except ValueError:
        return 0.0
