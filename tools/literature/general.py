"""The shipped library: general findings on the programs that people train, a JSONL file per area in `findings/`.

A line is a paper as in any corpus, but its abstract and finding are in our own words, and each finding is one change
that can be made in a small program, with the values to use. It stands in where a task has no papers of its own. It is
general knowledge: that a technique is in it says nothing about whether anybody has tried it on the task.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pelagos.nouns import Paper

LIBRARY = "library"
FOLDER = Path(__file__).with_name("findings")


@cache
def library() -> tuple[Paper, ...]:
    """All findings, area by area; `source` says where they come from. Read at the first call."""
    lines = [line for file in sorted(FOLDER.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines() if line]
    return tuple(Paper.model_validate_json(line).model_copy(update={"source": LIBRARY}) for line in lines)
