"""`pelagos idea`: checks an idea against the project's bank and the literature. It runs nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.output import Json, print_json
from app.formatting import format_line

if TYPE_CHECKING:
    from agents.submissions.idea_check import Earlier, IdeaCheck

OPEN = frozenset({"open", "promising", "pending", "untested"})
"""Statuses of earlier hypotheses whose question isn't settled."""


def idea(
    text: Annotated[str, typer.Argument(metavar='"TITLE. STATEMENT"', help="The idea in one line.")],
    task: Annotated[str, typer.Option(metavar="TASK", help="The task it is for: its bank, corpus and rule.")] = "",
    json: Json = False,
) -> None:
    """Check an idea: what this project tried before that is like it, which papers are near, and what a run would do
    with it.

    Nothing is run. A strong extractor (settings, models.extractor) compares near papers; otherwise the cosine decides.
    """
    from agents.submissions.idea_check import check_idea
    from agents.submissions.idea_text import parse_idea
    from pelagos.settings_sources import load

    project = Path.cwd()
    check = check_idea(project, parse_idea(text), load(project), task)
    if json:
        print_json(check)
    else:
        typer.echo("\n".join(_cut_line(line) for line in describe_check(check)))


def _cut_line(line: str) -> str:
    text = line.lstrip(" ")
    return f"{line[: len(line) - len(text)]}{format_line(text, 600)}"


def describe_check(check: IdeaCheck) -> Iterator[str]:
    """Yield the lines for people: the fate first, then what it rests on."""
    yield f"{check.title}: {check.fate}: {check.reason}"
    yield f"novelty: {check.novelty.kind}: {check.novelty.reason} (rule: {check.rule}; judged by {check.compared_by})"
    yield "Nearest earlier hypotheses of this project:" if check.earlier else "No earlier hypothesis in this project."
    yield from (line for earlier in check.earlier for line in _describe_earlier(earlier))
    yield "Nearest papers:" if check.novelty.hits else "No paper was found to compare it with."
    for hit in check.novelty.hits:
        word = f"{hit.word}: {hit.reason}" if hit.word else "below the threshold"
        yield f"  {hit.cosine:.2f} {hit.title} ({hit.paper}{f', {hit.date}' if hit.date else ''}): {word}"
    if check.unreached:
        yield "Not looked at:"
        yield from (f"  {line}" for line in check.unreached)


def _describe_earlier(earlier: Earlier) -> Iterator[str]:
    standing = f"{earlier.status}, still open" if earlier.status in OPEN else earlier.status
    result = f" ({earlier.result})" if earlier.result else ""
    yield f"  {earlier.cosine:.2f} {earlier.id} {earlier.title} [{earlier.task}]: {standing}{result}"
    if earlier.lesson:
        yield f"       {earlier.lesson}"
