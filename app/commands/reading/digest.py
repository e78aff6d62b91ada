"""`pelagos digest`: what happened in all runs of a project since some time, in a screenful, as text, Markdown or JSON.
It changes nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.output import Json, make_console, print_json
from pelagos.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from app.report.digest.digest import Digest

SCREENFUL = 24
"""Lines of the smallest usual terminal."""
INDENT = "  "
Since = Annotated[str, typer.Option(metavar="SPAN", help="A span back from now (90m, 24h, 7d) or an ISO date.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown instead of text.")]
Folder = Annotated[Path | None, typer.Argument(metavar="FOLDER", help="The project's folder. Default: this one.")]


def digest(folder: Folder = None, since: Since = "24h", json: Json = False, markdown: Markdown = False) -> None:
    """Show in a screenful what happened in all runs of a project, first what needs you."""
    from app.report.digest.digest import make_digest
    from app.report.digest.span import find_beginning

    if json and markdown:
        raise BadInput("digest: --json and --markdown exclude each other: give one of them")
    now = time.time()
    made = make_digest(folder or Path.cwd(), find_beginning(since, now), now)
    if json:
        print_json(made)
    elif markdown:
        typer.echo(_make_markdown(made))
    else:
        _print_text(made)


def _print_text(made: Digest) -> None:
    """Print the digest in the width of the terminal. A command is never cut. Another line goes on in a second one while
    there is room on the screen, and is cut there."""
    from rich.text import Text

    from app.report.digest.lines import describe_headline, list_sections

    screen, sections = make_console(), list(list_sections(made)) if made.runs else []
    items = [item for section in sections for item in section.items]
    spare = SCREENFUL - 1 - len(sections) - len(items) - sum(bool(item.command) for item in items)
    screen.print(Text(describe_headline(made), "bold"))
    for section in sections:
        screen.print(Text(section.heading, "bold cyan"), no_wrap=True, overflow="ellipsis")
        for item in section.items:
            lines = _fit_lines(Text(item.text), screen, 2 if spare > 0 else 1)
            spare -= len(lines) - 1
            screen.print(*lines, sep="\n")
            if item.command:
                screen.print(Text(f"    {item.command}", "green"), soft_wrap=True)


def _fit_lines(text: Text, screen: Console, most: int) -> list[Text]:
    """Return the text as at most so many lines of the screen's width, indented and cut by an ellipsis."""
    from rich.text import Text

    if text.cell_len <= screen.width - len(INDENT):
        return [Text(INDENT) + text]
    width = screen.width - 2 * len(INDENT)
    whole = text.wrap(screen, width)
    shown = [*whole[: most - 1], Text(" ").join(whole[most - 1 :])] if len(whole) >= most else list(whole)
    for line in shown:
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return [Text(INDENT * (1 + bool(number))) + line for number, line in enumerate(shown)]


def _make_markdown(made: Digest) -> str:
    from app.formatting import escape_markdown
    from app.report.digest.lines import describe_headline, list_sections

    lines = [f"**{escape_markdown(describe_headline(made))}**"]
    for section in list_sections(made) if made.runs else ():
        lines += ["", f"### {escape_markdown(section.heading)}", ""]
        for item in section.items:
            lines.append(f"- {escape_markdown(item.text)}")
            lines += ["", "  ```", f"  {item.command}", "  ```", ""] if item.command else []
    return "\n".join(lines)
