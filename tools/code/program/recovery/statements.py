"""Keeps the complete top-level statements of a reply and removes text that is not Python: prose, a cut-off end.

A function that was cut off is complete only if an unconditional `return` of its own precedes the cut, since nothing
after it would run. Nothing is removed that the kept statements use.
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


def keep_whole_statements(code: str, required: Collection[str] = ()) -> str:
    """The statements that parse, in order. Returns "" if a removed part holds a name that they use, the only definition
    of a name in `required`, or a part of a function that slipped to the margin."""
    lines = code.splitlines()
    starts = _statement_starts(lines)
    whole_parts, dropped, at = list[str](), list[str](), 0
    while at < len(starts) - 1:
        end = _statement_end(lines, starts, at)
        part = lines[starts[at] : starts[end or at + 1]]
        recovered = part if end else _cut_after_return(part)
        (whole_parts if recovered else dropped).append("\n".join(recovered or part))
        at = end or at + 1
    text = "\n".join(whole_parts) + "\n"
    missing = {name for part in dropped for name in find_bound_names(part)} - find_bound_names(text)
    is_incomplete = missing & {*_find_used_names(text), *required} or any(_BODY.match(part) for part in dropped)
    return "" if is_incomplete else text


def _statement_end(lines: Sequence[str], starts: Sequence[int], at: int) -> int:
    """The index in `starts` at which the statement that begins at index `at` ends; 0 if none parses."""
    ends = range(at + 1, min(at + _LOOK_AHEAD, len(starts)))
    return next((end for end in ends if _parse(lines[starts[at] : starts[end]]) is not None), 0)


def _statement_starts(lines: Sequence[str]) -> list[int]:
    """Line indices at which top-level statements may begin, and the end; a decorator begins its definition."""
    starts = [at for at, line in enumerate(lines) if line[:1].strip() and line[0] not in ")]}#"]
    pairs = zip([-1, *starts], starts, strict=False)
    return [*(at for before, at in pairs if before < 0 or not lines[before].startswith("@")), len(lines)]


def _cut_after_return(lines: Sequence[str]) -> Sequence[str]:
    """A function's lines up to its last unconditional return before the part that does not parse; empty if none."""
    if not _OPENS.match(lines[0]):
        return ()
    for end in range(len(lines) - 1, max(0, len(lines) - _LAST_LINES), -1):
        tree = _parse(lines[:end])
        if tree is not None:
            only = tree.body[-1] if tree.body else None
            ended = isinstance(only, ast.FunctionDef | ast.AsyncFunctionDef) and isinstance(only.body[-1], ast.Return)
            return lines[:end] if ended else ()
    return ()


def _parse(lines: Sequence[str]) -> ast.Module | None:
    try:
        compile("\n".join(lines), "reply", "exec", dont_inherit=True)
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _find_used_names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def find_bound_names(part: str) -> set[str]:
    """The names that code binds at the top level, by regular expression: the code need not parse."""
    return {name for match in _BINDS.finditer(part) for name in match.groups() if name}


def find_assigned_names(text: str) -> set[str]:
    """The names that lines at the margin assign to, by regular expression."""
    return {match[2] for match in _BINDS.finditer(text) if match[2]}
