"""A note of know-how: a title and a short text with code. Models read it as data, never as an instruction."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Note:
    """`findings` are the ids of the papers whose technique the note shows; `source` is a file, or "library"."""

    title: str
    text: str
    source: str
    findings: tuple[str, ...] = field(default=())

    @property
    def full_text(self) -> str:
        return f"{self.title}\n{self.text}".strip()
