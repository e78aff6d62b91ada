"""Reads an idea that a person or another agent writes in one line: TITLE. STATEMENT."""

from __future__ import annotations

from typing import NamedTuple

from pelagos.errors import BadInput
from pelagos.visible import make_visible

MAX_TITLE, MAX_STATEMENT = 300, 3000
"""Characters, as of a model's idea."""


class IdeaText(NamedTuple):
    title: str
    statement: str


def parse_idea(text: str) -> IdeaText:
    """Split at the first full stop that a space follows; without one the text is both. Raises BadInput."""
    whole = " ".join(make_visible(text).split())
    title, _, statement = whole.partition(". ")
    title, statement = title.rstrip(". "), statement or whole
    if len(title) < 3:
        raise BadInput('idea: is empty: write "TITLE. STATEMENT", what is changed and what it should do')
    if len(title) > MAX_TITLE or len(statement) > MAX_STATEMENT:
        limits = f"{MAX_TITLE} characters of title and {MAX_STATEMENT} of statement"
        raise BadInput(f'idea: is too long: at most {limits}, as "TITLE. STATEMENT"')
    return IdeaText(title, statement)
