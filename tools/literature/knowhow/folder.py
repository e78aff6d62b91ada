"""Loads the user's own know-how: a folder of Markdown files, or of skill folders with a SKILL.md each.

The title is the front matter's `name` or the first heading, else the file's name. The front matter's `description` is a
part of the text. Nothing in a file is followed or executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.textfile import read_text
from pelagos.visible import make_visible
from tools.literature.knowhow.note import Note

SKILL = "SKILL.md"
MOST_FILES = 500
MOST_CHARS = 20_000
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_NAME = re.compile(r"^name:[ \t]*(.+)$", re.MULTILINE)
_DESCRIPTION = re.compile(r"^description:[ \t]*(.+)$", re.MULTILINE)
_HEADING = re.compile(r"^#+[ \t]+(.+)$", re.MULTILINE)


def load_notes(folder: Path) -> list[Note]:
    """The notes in `folder`. Raises BadInput if it does not exist or has no notes, and if a file is not text."""
    if not folder.is_dir():
        raise BadInput(f"knowhow: {folder} is no folder: name one with Markdown files or skill folders in it")
    files = list(_list_files(folder))
    if not files:
        raise BadInput(f"knowhow: {folder}: no Markdown files and no {SKILL} in its folders")
    if len(files) > MOST_FILES:
        raise BadInput(f"knowhow: {folder}: {len(files)} files are more than {MOST_FILES}: name a smaller folder")
    return [_read_note(file) for file in files]


def _list_files(folder: Path) -> Iterator[Path]:
    """The Markdown files of the folder itself, then the SKILL.md of each folder in it; other files are not read."""
    skills = sorted(folder.glob(f"*/{SKILL}"))
    yield from sorted(file for file in folder.glob("*.md") if file.is_file())
    yield from (file for file in skills if file.is_file())


def _read_note(file: Path) -> Note:
    try:
        whole = make_visible(read_text(file)[:MOST_CHARS])
    except BadInput as error:
        raise BadInput(f"knowhow: {file}: {error}") from None
    front = _FRONT.match(whole)
    head, body = (front[1], whole[front.end() :]) if front else ("", whole)
    heading, named = _HEADING.search(body), _NAME.search(head)
    title = named[1] if named else heading[1] if heading else _title_from_path(file)
    if heading and not body[: heading.start()].strip():
        body = body[heading.end() :]
    about = _DESCRIPTION.search(head)
    text = f"{about[1].strip()}\n{body.strip()}" if about else body.strip()
    return Note(" ".join(title.split())[:200], text, str(file))


def _title_from_path(file: Path) -> str:
    return (file.parent.name if file.name == SKILL else file.stem).replace("-", " ").replace("_", " ")
