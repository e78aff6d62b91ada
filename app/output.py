"""What commands print: JSON for programs, tables for people, faults on stderr."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.words import line
from pelagos.visible import visible, whole

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

UNCUT = 4000
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or its name under runs/.")]


def console() -> Console:
    """As wide as the terminal; where there is none, and `COLUMNS` doesn't say, wide enough to cut and wrap nothing."""
    from rich.console import Console

    made = Console(highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = UNCUT
    return made


def print_json(value: Any) -> None:
    sys.stdout.write(whole(json.dumps(value, indent=2, default=_plain, ensure_ascii=False)) + "\n")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> Table:
    """A plain table; cells are text, never markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(*heads, box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for row in rows:
        made.add_row(*(Text(line(cell, 400)) for cell in row))
    return made


def complain(text: str) -> None:
    sys.stderr.write(f"{visible(text)}\n")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
