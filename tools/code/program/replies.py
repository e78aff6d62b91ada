"""Extracts code blocks and search/replace pairs with their addresses from a model's reply.

Tolerates missing fences, various labels and text around the code. `edits` decides whether the code is applied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

from pelagos.errors import EditRefused
from tools.code.program.toplevel.statements import TOP_LEVEL

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([^\n`]*)\n(.*?)(^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(rf"(?<![\w./-])([\w./-]+\.\w+)(?:::({TOP_LEVEL}|[A-Za-z_]\w*(?:\.\w+)*))?(?![\w/])")
_SEARCH = re.compile(r"^<{5,9} ?SEARCH[ \t]*\n(.*?)^={5,9}[ \t]*\n(.*?)^>{5,9} ?REPLACE", re.MULTILINE | re.DOTALL)
_CODE_START = re.compile(r"^(?:import |from |def |class |async def |@\w|[A-Za-z_]\w* *=|if __name__|\"\"\"|#)")
_SESSION = re.compile(r">>> \S")
_MARKED_START = re.compile(r"(?:[ \t]+|\+ *|>>> )(?:import |from |def |class |async def |@\w)")
_NUMBERED_START = re.compile(r"[ \t]*\d+[:.|)]?[ \t]*(?:[|│][ \t]*)?(?:import |from |def |class |async def |@\w)")
_LABEL_LINES_BEFORE = 2


@dataclass(frozen=True)
class Block:
    """Code and its label: `path`, and `name` if a definition is addressed; "" if there is no label. `open` is True if
    no fence closes the block, so the code may have been cut off."""

    path: str
    name: str
    code: str
    open: bool = False


@dataclass(frozen=True)
class Replacement:
    """One search/replace pair. Both texts end with a newline unless they are empty."""

    path: str
    search: str
    replace: str


def extract_blocks(reply: str, paths: tuple[str, ...]) -> list[Block]:
    """The code blocks of a reply with their labels; `paths` are the program's files. Raises EditRefused(no_edit)."""
    labelled, end = [], 0
    for match in _FENCE.finditer(reply):
        before = "\n".join(reply[end : match.start()].strip().splitlines()[-_LABEL_LINES_BEFORE:])
        path, name = _find_label(match[2], match[3], before, paths)
        labelled.append(Block(path, name, match[3], open=not match[4]))
        end = match.end()
    code = [block for block in labelled if _is_code(block.code)]
    if code:
        return code
    unfenced = _extract_unfenced_code(reply)
    if not unfenced:
        raise EditRefused("no_edit", "no Python code was found in the reply")
    return [Block(*_find_label("", unfenced, "", paths), unfenced, open=True)]


def extract_replacements(reply: str, paths: tuple[str, ...]) -> list[Replacement]:
    """The search/replace pairs of a reply; empty if there are none."""
    pairs, path, end = [], paths[0] if paths else "", 0
    for match in _SEARCH.finditer(reply):
        path = _find_label("", "", reply[end : match.start()], paths)[0] or path
        pairs.append(Replacement(path, match[1], match[2]))
        end = match.end()
    return pairs


def _find_label(info: str, code: str, before: str, paths: tuple[str, ...]) -> tuple[str, str]:
    """(path, name) of the nearest address: in the fence, else in the first comment line, else before the block."""
    head = code.lstrip().partition("\n")[0]
    comment = head if head.startswith("#") else ""
    for text in (info, comment, before):
        addresses = [match for match in _ADDRESS.finditer(text) if _is_file_address(match, paths)]
        if addresses:
            return addresses[-1][1], addresses[-1][2] or ""
    return "", ""


def _is_file_address(match: re.Match[str], paths: tuple[str, ...]) -> bool:
    return match[1] in paths or match[1].endswith(".py")


def _is_code(text: str) -> bool:
    starts = (_MARKED_START, _NUMBERED_START)
    return any(
        _CODE_START.match(line.strip()) or any(pattern.match(line) for pattern in starts) for line in text.splitlines()
    )


def _extract_unfenced_code(reply: str) -> str:
    """Code without fences: all lines from the first one that looks like code; if that is indented, up to the end of the
    indentation. "" if there is none."""
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
