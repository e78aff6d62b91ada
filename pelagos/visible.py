"""Cleans text that programs, models, papers and people wrote, for logs, reports, prompts and consoles.

Lone surrogates (halves of a character, which no file and no terminal can hold) become U+FFFD; terminal control
sequences and invisible characters are removed. HTML and Rich markup are escaped where text is shown, not here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # strings for the terminal itself
    r"|\x1b[ -/]*[0-~]"  # all others
)
_INVISIBLE_CATEGORIES = {"Cf", "Cc", "Co", "Cs", "Cn", "Zl", "Zp"}
_FILLER = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class _TranslationTable(dict[int, int | None]):
    """Maps a code point to itself, or to None where it is removed. Filled on demand: Unicode's tables are large."""

    def __missing__(self, code: int) -> int | None:
        char = chr(code)
        removed = char not in "\n\t" and (
            unicodedata.category(char) in _INVISIBLE_CATEGORIES or _FILLER.match(char) is not None
        )
        self[code] = None if removed else code
        return self[code]


_TABLE = _TranslationTable()


def make_visible(text: str) -> str:
    """Remove escape sequences, and control, bidirectional, zero-width, tag and unassigned characters, fillers and
    variation selectors; newlines and tabs stay."""
    return replace_surrogates(strip_escapes(text)).translate(_TABLE)


def strip_escapes(text: str) -> str:
    """Remove the escape sequences of terminals."""
    return _ESCAPE.sub("", text)


def make_one_line(text: str, most: int) -> str:
    """Make `text` visible, collapse its whitespace, and cut it to `most` characters."""
    return " ".join(make_visible(text[: 8 * most]).split())[:most]


def replace_surrogates(text: str) -> str:
    """Replace every lone surrogate with U+FFFD; two halves that belong together are joined."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def replace_surrogates_in_json(value: Any) -> Any:
    """Replace every lone surrogate in all strings of a JSON value."""
    text = json.dumps(value, ensure_ascii=False)
    cleaned = replace_surrogates(text)
    return value if cleaned == text else json.loads(cleaned)
