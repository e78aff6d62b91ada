"""Loads the shipped library: general findings about training programs, one JSONL file per area in `findings/`.

A line is a paper as in any corpus, but its abstract and finding are in our own words, and each finding is one change of
a small program with the values to use. The library is used if a task has too few papers. It is general knowledge: a
technique in it may or may not have been tried on the task.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pelagos.nouns import Paper

LIBRARY = "library"
FOLDER = Path(__file__).with_name("findings")


@cache
def load_library() -> tuple[Paper, ...]:
    """All findings, area by area, with the source LIBRARY. Read at the first call."""
    lines = [line for file in sorted(FOLDER.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines() if line]
    return tuple(Paper.model_validate_json(line).model_copy(update={"source": LIBRARY}) for line in lines)
