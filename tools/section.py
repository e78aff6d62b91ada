"""A toolchain's section of the report. It holds typed texts, tables, pictures and files, and no markup.

Whoever shows it escapes and cuts everything: a toolchain's texts come from models, files and data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    KIND: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells under `head`. Rows have as many cells as `head`; a report shows the first rows of a long table."""

    KIND: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A PNG file, which is the artifact of this id, and what it shows in words."""

    KIND: ClassVar[str] = "picture"
    artifact: str
    caption: str


@dataclass(frozen=True)
class Printed:
    """Text whose lines stay as they are."""

    KIND: ClassVar[str] = "printed"
    text: str


@dataclass(frozen=True)
class Box:
    """One step of a flow. `after` are the places of earlier boxes, from each of which an arrow leads to this one."""

    label: str
    details: Sequence[str] = ()
    after: Sequence[int] = ()


@dataclass(frozen=True)
class Flow:
    """Steps and their order, drawn by whoever shows it."""

    KIND: ClassVar[str] = "flow"
    boxes: Sequence[Box]
    caption: str = ""


Block = Text | Table | Picture | Printed | Flow


@dataclass(frozen=True)
class Part:
    """A part with a heading of its own. A `folded` one is opened by the reader."""

    title: str
    blocks: Sequence[Block]
    folded: bool = False


@dataclass(frozen=True)
class Attachment:
    """A file that is written beside the report, such as `analysis.py`. `note` says what it is for."""

    name: str
    content: str
    note: str


@dataclass(frozen=True)
class Section:
    """A toolchain's part of the report: a title, rows of label -> text, and, where that isn't enough, parts and files.
    Everything is shown escaped."""

    title: str
    rows: Sequence[tuple[str, str]] = ()
    parts: Sequence[Part] = ()
    files: Sequence[Attachment] = ()
