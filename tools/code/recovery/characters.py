"""Replaces characters that look like Python's but aren't, in the lines where the parser stumbles over them.

Lines that parse keep theirs: a dash or a quotation mark inside a string is the model's own text.
"""

from __future__ import annotations

import ast

_QUOTES = {**dict.fromkeys("“”„‟″", '"'), **dict.fromkeys("‘’‚‛′", "'")}
_SIGNS = {
    **dict.fromkeys("–—−‐‑‒", "-"),
    "×": "*",
    "÷": "/",
    "…": "...",
    "，": ",",
    "：": ":",
    "（": "(",
    "）": ")",
    "；": ";",
}
_COMPARISONS = {"≤": "<=", "≥": ">=", "≠": "!=", "→": "->"}
_BLANKS = dict.fromkeys(
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
)
_NOTHING = dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", "")
LOOK_ALIKES = str.maketrans({**_QUOTES, **_SIGNS, **_COMPARISONS, **_BLANKS, **_NOTHING})


def with_plain_characters(code: str) -> str:
    """`code` with the look-alikes replaced in those lines that the parser names, one after the other."""
    lines = code.splitlines()
    for _ in lines:
        at = _invalid_at(lines)
        if at is None:
            break
        plain = lines[at].translate(LOOK_ALIKES)
        if plain == lines[at]:
            break
        lines[at] = plain
    return "\n".join(lines) + "\n"


def _invalid_at(lines: list[str]) -> int | None:
    try:
        ast.parse("\n".join(lines))
    except SyntaxError as error:
        invalid = (error.msg or "").startswith(("invalid character", "invalid non-printable character"))
        return error.lineno - 1 if invalid and error.lineno and error.lineno <= len(lines) else None
    except (ValueError, RecursionError):
        return None
    return None
