"""A unified diff as lines with a class each, to be coloured by whoever shows them."""

from __future__ import annotations

from typing import NamedTuple

MOST_LINES = 800


class DiffLine(NamedTuple):
    """`kind` is one of add, cut, head, place, same."""

    kind: str
    text: str


def diff_lines(text: str) -> list[DiffLine]:
    """The lines of a diff, or of a toolchain's own rendering of a change; very long ones are cut, and say so."""
    every = text.splitlines()
    shown = [DiffLine(_kind(one), one) for one in every[:MOST_LINES]]
    left = len(every) - MOST_LINES
    return [*shown, DiffLine("head", f"… {left} more lines")] if left > 0 else shown


def _kind(text: str) -> str:
    if text.startswith(("+++", "---", "diff ", "index ")):
        return "head"
    if text.startswith("@@"):
        return "place"
    return {"+": "add", "-": "cut"}.get(text[:1], "same")
