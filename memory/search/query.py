"""Turns what a person types into a search expression of SQLite's FTS5 that has no syntax of its own.

Every word is quoted, so no input is a syntax error. A phrase in double quotes stays a phrase, and the last word is a
prefix: it may still be typed. Source: SQLite's page on FTS5, "Full-text Query Syntax".
"""

from __future__ import annotations

import re

from pelagos.visible import make_visible

MAX_TERMS = 32
MAX_CHARS = 1_000
LEAST_PREFIX = 2
"""A single letter is searched as it is: nearly every text has a word that begins with it."""
_PHRASE_OR_WORD = re.compile(r'"([^"]*)"|([^\s"]+)')


def make_expression(text: str) -> str:
    """Return the expression that finds texts with all words and phrases of `text`, "" where it names no word."""
    terms = [_make_term(*match.groups()) for match in _PHRASE_OR_WORD.finditer(make_visible(text[:MAX_CHARS]))]
    found = [term for term in terms if term][:MAX_TERMS]
    if not found:
        return ""
    last = found[-1]
    return " ".join(found) + ("*" if len(last) - 2 >= LEAST_PREFIX and not text.rstrip().endswith('"') else "")


def _make_term(phrase: str | None, word: str | None) -> str:
    """Return the quoted term, "" where it holds no letter and no digit: FTS5 would find nothing for it."""
    term = phrase if phrase is not None else word or ""
    return f'"{term}"' if any(char.isalnum() for char in term) else ""
