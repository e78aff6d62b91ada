"""What the hook inside tells the host by the log: signs, and the hash of the report it wrote.

A line begins with a mark that is drawn for each execution, so a program can print what it likes. Nothing that was told
can be taken back: a report that isn't the one that was told was changed by the program.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from pelagos.visible import one_line

FORGED = "changed the report of its runner"
MOST = 40
MOST_LETTERS = 400


class Told(NamedTuple):
    """`log` without the hook's lines; `signs` as they came; `report` the hashes that were told."""

    log: str
    signs: Sequence[str]
    reports: frozenset[str]


def told(log: str, heard: Sequence[str], mark: str) -> Told:
    """`heard`: lines as they came, among them some that the bounded log may have dropped."""
    line = re.compile(rf"^{re.escape(mark)} (sign|report) ('.*'|\".*\")$")
    found = [match for text in (*heard, *log.splitlines()) if (match := line.match(text))]
    words = list(dict.fromkeys((match[1], _text(match[2])) for match in found))
    kept = re.sub(rf"\n{{0,2}}^[^\n]*{re.escape(mark)}[^\n]*$", "", log, flags=re.MULTILINE).lstrip("\n")
    signs = [text for word, text in words if word == "sign"][:MOST]
    return Told(kept, signs, frozenset(text for word, text in words if word == "report"))


def forged(report: bytes, told: Told) -> bool:
    """Whether the report isn't the one that the hook wrote. None at all is no forgery: a program may leave early."""
    return bool(report) and hashlib.sha256(report).hexdigest() not in told.reports


def _text(quoted: str) -> str:
    try:
        return one_line(str(ast.literal_eval(quoted)), MOST_LETTERS)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return one_line(quoted, MOST_LETTERS)
