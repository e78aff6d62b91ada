"""Keeps the top-level statements of a reply that are whole and leaves out what isn't Python: sentences between them,
an end that was cut off.

A function that was cut off is whole only where an unconditional `return` of its own stands before the cut, since
nothing after that would run. Nothing is left out that what is kept needs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence

_BINDS = re.compile(
    r"^(?:(?:async )?def|class) +(\w+)|^(\w+) *(?::[^=]+)?=(?!=)|^(?:from|import)\b.*?(\w+)$", re.MULTILINE
)
_LOOK_AHEAD = 10  # a text in triple quotation marks may hold lines that look like statements
_LAST_LINES = 200
_BODY = re.compile(r"(?:return|yield|for|while|with|try|else|elif|except|finally|break|continue|if(?! +__name__))\b")
_OPENS = re.compile(r"(?:async )?def |class |@")


def whole_statements(code: str, needed: Collection[str] = ()) -> str:
    """The statements that parse, in order; "" where what they use, the only definition of one of `needed`, or a part of
    a function that slipped to the margin stood in something that was left out."""
    lines = code.splitlines()
    starts = _starts(lines)
    kept, dropped, at = list[str](), list[str](), 0
    while at < len(starts) - 1:
        end = _end(lines, starts, at)
        part = lines[starts[at] : starts[end or at + 1]]
        whole = part if end else _ended(part)
        (kept if whole else dropped).append("\n".join(whole or part))
        at = end or at + 1
    text = "\n".join(kept) + "\n"
    missing = {name for part in dropped for name in bound(part)} - bound(text)
    lost = missing & {*_read(text), *needed} or any(_BODY.match(part) for part in dropped)
    return "" if lost else text


def _end(lines: Sequence[str], starts: Sequence[int], at: int) -> int:
    """The number of the start up to which the statement reaches that begins at number `at`; 0 where none parses."""
    ends = range(at + 1, min(at + _LOOK_AHEAD, len(starts)))
    return next((end for end in ends if _tree(lines[starts[at] : starts[end]]) is not None), 0)


def _starts(lines: Sequence[str]) -> list[int]:
    """Where top-level statements may begin, and the end; a decorator begins its definition."""
    starts = [at for at, line in enumerate(lines) if line[:1].strip() and line[0] not in ")]}#"]
    pairs = zip([-1, *starts], starts, strict=False)
    return [*(at for before, at in pairs if before < 0 or not lines[before].startswith("@")), len(lines)]


def _ended(lines: Sequence[str]) -> Sequence[str]:
    """A function's lines up to an unconditional return after which they don't parse; none where there isn't one."""
    if not _OPENS.match(lines[0]):
        return ()
    for end in range(len(lines) - 1, max(0, len(lines) - _LAST_LINES), -1):
        tree = _tree(lines[:end])
        if tree is not None:
            only = tree.body[-1] if tree.body else None
            ended = isinstance(only, ast.FunctionDef | ast.AsyncFunctionDef) and isinstance(only.body[-1], ast.Return)
            return lines[:end] if ended else ()
    return ()


def _tree(lines: Sequence[str]) -> ast.Module | None:
    try:
        compile("\n".join(lines), "reply", "exec", dont_inherit=True)
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _read(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def bound(part: str) -> set[str]:
    """The names that code binds at the top level, as far as its first words tell: it needn't parse."""
    return {name for match in _BINDS.finditer(part) for name in match.groups() if name}


def assigned(text: str) -> set[str]:
    """The names that lines at the margin assign to."""
    return {match[2] for match in _BINDS.finditer(text) if match[2]}
