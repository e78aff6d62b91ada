"""Loads the shipped know-how: Markdown files in `snippets/` with a section per technique: title, finding ids, code.

The code is our own and as general as the finding: it is fitted to no program, and a test executes each snippet.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tools.literature.knowhow.note import Note

FOLDER = Path(__file__).with_name("snippets")
SOURCE = "library"
_SECTION = re.compile(r"^## (?P<title>[^\n]+)\n+(?P<ids>(?:lib-\S+ *)*)\n+(?P<code>```python\n.*?^```)$", re.M | re.S)


@cache
def load_shipped_notes() -> tuple[Note, ...]:
    """All notes, in the order of the files. Read at the first call."""
    return tuple(note for file in sorted(FOLDER.glob("*.md")) for note in _read_notes(file))


def _read_notes(file: Path) -> list[Note]:
    sections = _SECTION.finditer(file.read_text("utf-8"))
    return [Note(section["title"], section["code"], SOURCE, tuple(section["ids"].split())) for section in sections]
