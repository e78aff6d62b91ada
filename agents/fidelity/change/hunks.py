"""Parses a change as text: removed lines, added lines and the context. It knows no programming language.

A unified diff has files and hunks. Any other rendering of a toolchain is read as one hunk, in which lines that begin
with + or - are added or removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    text: str
    added: bool


@dataclass
class Hunk:
    """`old` and `new` are the two sides; a line on both is context."""

    path: str = ""
    old: list[Line] = field(default_factory=list)
    new: list[Line] = field(default_factory=list)

    @property
    def removed(self) -> list[str]:
        return [line.text for line in self.old if line.added]

    @property
    def added(self) -> list[str]:
        return [line.text for line in self.new if line.added]


def parse_hunks(diff: str) -> list[Hunk]:
    """Return the hunks in the order of the diff, without those that change nothing."""
    hunks, path = [Hunk()], ""
    lines = diff.splitlines()
    for index, line in enumerate(lines):
        if _is_header(lines, index):
            path = line[4:].removeprefix("b/").strip() if line.startswith("+++ ") else path
        elif line.startswith("@@"):
            hunks.append(Hunk(path))
        else:
            _add_line(hunks[-1], line)
    return [hunk for hunk in hunks if hunk.removed or hunk.added]


def join_lines(lines: Sequence[Line]) -> str:
    return "\n".join(line.text for line in lines)


def _is_header(lines: Sequence[str], index: int) -> bool:
    """Whether the line belongs to a file's header, which has two lines: a removed line may begin with `-- ` as well."""
    line = lines[index]
    if line.startswith("--- "):
        return index + 1 < len(lines) and lines[index + 1].startswith("+++ ")
    return line.startswith("+++ ") and index > 0 and lines[index - 1].startswith("--- ")


def _add_line(hunk: Hunk, line: str) -> None:
    sign, rest = line[:1], line[1:]
    if sign == "+":
        hunk.new.append(Line(rest, True))
    elif sign == "-":
        hunk.old.append(Line(rest, True))
    elif sign != "\\":
        hunk.old.append(Line(rest, False))
        hunk.new.append(Line(rest, False))
