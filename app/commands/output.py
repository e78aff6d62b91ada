"""Prints the output of commands: JSON for programs, tables for people, faults on stderr."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.formatting import format_line
from pelagos.visible import make_visible, replace_surrogates

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPE_WIDTH = 4000
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
By = Annotated[str, typer.Option(metavar="NAME", help="Who says it, for the audit log. Default: your login name.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or its name under runs/.")]


def make_console() -> Console:
    """Return a console as wide as the terminal. Without a terminal its width is that of `COLUMNS`, else so large that
    no line is cut or wrapped."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console


def print_json(value: Any) -> None:
    sys.stdout.write(replace_surrogates(json.dumps(value, indent=2, default=_encode, ensure_ascii=False)) + "\n")


def make_table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> Table:
    """Return a plain table. Cells are text, never markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(format_line(cell, 400)) for cell in row))
    return table


def complain(text: str) -> None:
    sys.stderr.write(f"{make_visible(text)}\n")


def _encode(value: Any) -> Any:
    from pydantic import BaseModel

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return str(value)
