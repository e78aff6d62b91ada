"""Replaces Unicode characters that look like Python's syntax, in the lines that the parser rejects for them.

Lines that parse stay as they are: a dash or a quotation mark inside a string is the model's own text.
"""

from __future__ import annotations

import ast

_QUOTES = {**dict.fromkeys("“”„‟″", '"'), **dict.fromkeys("‘’‚‛′", "'")}
_PUNCTUATION = {
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
_INVISIBLE = dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", "")
LOOK_ALIKES = str.maketrans({**_QUOTES, **_PUNCTUATION, **_COMPARISONS, **_BLANKS, **_INVISIBLE})


def replace_look_alikes(code: str) -> str:
    """`code` with the look-alikes replaced in the lines that the parser reports, one after the other."""
    lines = code.splitlines()
    for _ in lines:
        at = _find_invalid_line(lines)
        if at is None:
            break
        plain = lines[at].translate(LOOK_ALIKES)
        if plain == lines[at]:
            break
        lines[at] = plain
    return "\n".join(lines) + "\n"


def _find_invalid_line(lines: list[str]) -> int | None:
    try:
        ast.parse("\n".join(lines))
    except SyntaxError as error:
        invalid = (error.msg or "").startswith(("invalid character", "invalid non-printable character"))
        return error.lineno - 1 if invalid and error.lineno and error.lineno <= len(lines) else None
    except (ValueError, RecursionError):
        return None
    return None
