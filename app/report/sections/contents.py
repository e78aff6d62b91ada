"""Makes a toolchain's section ready for the templates: long tables are cut, pictures read, flows drawn.

Nothing of it is trusted: texts are escaped by the templates, pictures are PNG files or named as missing, and files
have plain names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from app.formatting import format_line
from app.report.sections.flow import draw_flow
from app.report.sections.pictures import BadPicture, read_picture, read_size, to_data_uri
from memory.artifacts import ArtifactStore
from tools.section import Attachment, Block, Flow, Part, Picture, Printed, Section, Table, Text

MOST_PARTS, MOST_BLOCKS, MOST_ROWS, MOST_COLUMNS, MOST_PICTURES = 120, 60, 100, 16, 80
MOST_PICTURE_BYTES = 24_000_000
TEXT_CHARS, PRINTED_CHARS = 6_000, 20_000
FILE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}\.(py|ipynb|csv)")


@dataclass(frozen=True)
class Shown:
    """A block as the templates show it; what belongs to another kind is empty. `left_out` counts what was cut."""

    kind: str
    text: str = ""
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    left_out: int = 0
    drawing: Markup = Markup("")  # noqa: RUF009 - immutable
    steps: Sequence[str] = ()
    address: str = ""
    size: tuple[int, int] = (0, 0)
    file: str = ""


@dataclass(frozen=True)
class ShownPart:
    title: str
    folded: bool
    blocks: Sequence[Shown]


@dataclass(frozen=True)
class ShownSection:
    """`pictures` maps the file names that report.md refers to, to their bytes; `files` are written beside the pages."""

    title: str
    rows: Sequence[tuple[str, str]]
    parts: Sequence[ShownPart] = ()
    files: Sequence[Attachment] = ()
    pictures: dict[str, bytes] = field(default_factory=dict)

    @property
    def large(self) -> bool:
        """Whether it takes the width of the page; rows alone stand beside what the run took."""
        return bool(self.parts or self.files)


def prepare_section(section: Section, store: ArtifactStore) -> ShownSection:
    """Return the section as the templates show it."""
    pictures: dict[str, bytes] = {}
    parts = [_prepare_part(part, store, pictures) for part in section.parts[:MOST_PARTS]]
    files = [file for file in section.files if FILE_NAME.fullmatch(file.name)]
    return ShownSection(section.title, section.rows, parts, files, pictures)


def _prepare_part(part: Part, store: ArtifactStore, pictures: dict[str, bytes]) -> ShownPart:
    blocks = [_prepare_block(block, store, pictures) for block in part.blocks[:MOST_BLOCKS]]
    return ShownPart(part.title, part.folded, blocks)


def _prepare_block(block: Block, store: ArtifactStore, pictures: dict[str, bytes]) -> Shown:
    match block:
        case Text():
            return Shown("text", text=block.text[:TEXT_CHARS])
        case Printed():
            return Shown("printed", text=block.text[:PRINTED_CHARS], left_out=max(len(block.text) - PRINTED_CHARS, 0))
        case Table():
            return _cut_table(block)
        case Flow():
            return Shown("flow", text=block.caption, drawing=draw_flow(block), steps=list(_list_steps(block)))
        case Picture():
            return _load_picture(block, store, pictures)


def _cut_table(table: Table) -> Shown:
    rows = [list(row[:MOST_COLUMNS]) for row in table.rows[:MOST_ROWS]]
    left_out = max(len(table.rows) - MOST_ROWS, 0)
    return Shown("table", text=table.caption, head=table.head[:MOST_COLUMNS], rows=rows, left_out=left_out)


def _list_steps(flow: Flow) -> Iterator[str]:
    for box in flow.boxes:
        details = "; ".join(format_line(detail) for detail in box.details)
        yield f"{format_line(box.label)}: {details}" if details else format_line(box.label)


def _load_picture(picture: Picture, store: ArtifactStore, pictures: dict[str, bytes]) -> Shown:
    name = f"{picture.artifact[:16]}.png"
    if len(pictures) >= MOST_PICTURES and name not in pictures:
        return Shown("text", text=f"{picture.caption}: not shown, there are more than {MOST_PICTURES} pictures")
    try:
        data = read_picture(store, picture.artifact)
    except BadPicture as error:
        return Shown("text", text=f"{picture.caption}: the picture {picture.artifact[:16]} is not shown: {error}")
    if name not in pictures and sum(map(len, pictures.values())) + len(data) > MOST_PICTURE_BYTES:
        return Shown("text", text=f"{picture.caption}: not shown, the pictures of the page are too large together")
    pictures[name] = data
    return Shown("picture", text=picture.caption, address=to_data_uri(data), size=read_size(data), file=name)
