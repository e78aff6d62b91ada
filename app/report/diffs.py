"""Splits a unified diff into lines with a class each, by which a page colours them."""

from __future__ import annotations

from typing import NamedTuple

MAX_LINES = 800


class DiffLine(NamedTuple):
    """One line of a diff. `kind` is one of add, cut, head, place, same."""

    kind: str
    text: str


def split_diff(text: str) -> list[DiffLine]:
    """Return the lines of a diff, or of a toolchain's own rendering of a change. After MAX_LINES a line counts the
    rest."""
    lines = text.splitlines()
    shown = [DiffLine(_classify(line), line) for line in lines[:MAX_LINES]]
    left_out = len(lines) - MAX_LINES
    return [*shown, DiffLine("head", f"… {left_out} more lines")] if left_out > 0 else shown


def _classify(text: str) -> str:
    if text.startswith(("+++", "---", "diff ", "index ")):
        return "head"
    if text.startswith("@@"):
        return "place"
    return {"+": "add", "-": "cut"}.get(text[:1], "same")
