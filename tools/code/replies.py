"""Reads a model's reply: which code is meant for which place. Tolerant of fences, labels and chatter.

Decides nothing about whether the code may be applied; that is `edits`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

from pelagos.errors import EditRefused
from tools.code.toplevel.statements import NAME

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([^\n`]*)\n(.*?)(^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(rf"(?<![\w./-])([\w./-]+\.\w+)(?:::({NAME}|[A-Za-z_][\w.]*))?(?![\w/])")
_SEARCH = re.compile(r"^<{5,9} ?SEARCH[ \t]*\n(.*?)^={5,9}[ \t]*\n(.*?)^>{5,9} ?REPLACE", re.MULTILINE | re.DOTALL)
_CODE_START = re.compile(r"^(?:import |from |def |class |async def |@\w|[A-Za-z_]\w* *=|if __name__|\"\"\"|#)")
_SESSION = re.compile(r">>> \S")
_MARKED_START = re.compile(r"(?:[ \t]+|\+ *|>>> )(?:import |from |def |class |async def |@\w)")
_NUMBERED_START = re.compile(r"[ \t]*\d+[:.|)]?[ \t]*(?:[|│][ \t]*)?(?:import |from |def |class |async def |@\w)")
_LABEL_LINES = 2


@dataclass(frozen=True)
class Block:
    """Code and the place its label names: `path`, and `name` where a definition is addressed; "" where unsaid. `open`
    where nothing says that the code is all there was to it: no fence closes it."""

    path: str
    name: str
    code: str
    open: bool = False


@dataclass(frozen=True)
class Replacement:
    """One search/replace pair; both texts end with a newline unless empty."""

    path: str
    search: str
    replace: str


def blocks(reply: str, paths: tuple[str, ...]) -> list[Block]:
    """The code blocks of a reply, labelled by `paths`-aware addresses. Raises EditRefused(no_edit)."""
    found, end = [], 0
    for match in _FENCE.finditer(reply):
        before = "\n".join(reply[end : match.start()].strip().splitlines()[-_LABEL_LINES:])
        path, name = _label(match[2], match[3], before, paths)
        found.append(Block(path, name, match[3], open=not match[4]))
        end = match.end()
    code = [block for block in found if _is_code(block.code)]
    if code:
        return code
    bare = _bare(reply)
    if not bare:
        raise EditRefused("no_edit", "no Python code was found in the reply")
    return [Block(*_label("", bare, "", paths), bare, open=True)]


def replacements(reply: str, paths: tuple[str, ...]) -> list[Replacement]:
    """The search/replace pairs of a reply; an empty list where there are none."""
    found, path, end = [], paths[0] if paths else "", 0
    for match in _SEARCH.finditer(reply):
        path = _label("", "", reply[end : match.start()], paths)[0] or path
        found.append(Replacement(path, match[1], match[2]))
        end = match.end()
    return found


def _label(info: str, code: str, before: str, paths: tuple[str, ...]) -> tuple[str, str]:
    """The nearest address: the fence's own, then the first comment line's, then the last one before the block."""
    head = code.lstrip().partition("\n")[0]
    comment = head if head.startswith("#") else ""
    for text in (info, comment, before):
        addresses = [match for match in _ADDRESS.finditer(text) if _is_path(match, paths)]
        if addresses:
            return addresses[-1][1], addresses[-1][2] or ""
    return "", ""


def _is_path(match: re.Match[str], paths: tuple[str, ...]) -> bool:
    return match[1] in paths or match[1].endswith(".py")


def _is_code(text: str) -> bool:
    starts = (_MARKED_START, _NUMBERED_START)
    return any(_CODE_START.match(line.strip()) or any(one.match(line) for one in starts) for line in text.splitlines())


def _bare(reply: str) -> str:
    """Code without fences: from the first line that looks like code; where it is indented, as far as it is."""
    lines = reply.splitlines()
    at = next((at for at, line in enumerate(lines) if _CODE_START.match(line) or _SESSION.match(line)), None)
    if at is not None:
        return "\n".join(lines[at:]) + "\n"
    at = next((at for at, line in enumerate(lines) if _MARKED_START.match(line)), None)
    if at is None:
        return ""
    blank = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    return "".join(
        f"{line}\n" for line in takewhile(lambda line: not line.strip() or line.startswith(blank), lines[at:])
    )
