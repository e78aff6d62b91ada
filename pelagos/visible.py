"""The one cleaner of text that programs, models, papers and people wrote: for logs, reports, prompts and consoles.

Lone surrogates (halves of a character, which no file and no terminal can hold) become U+FFFD; what steers a terminal or
can't be seen goes. HTML and Rich markup are escaped where text is shown, not here.
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
_UNSEEN = {"Cf", "Cc", "Co", "Cs", "Cn", "Zl", "Zp"}
_FILLER = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class _Kept(dict[int, int | None]):
    """Code point -> itself, or None where it goes. Filled as characters are met: the tables of Unicode are large."""

    def __missing__(self, code: int) -> int | None:
        char = chr(code)
        gone = char not in "\n\t" and (unicodedata.category(char) in _UNSEEN or _FILLER.match(char) is not None)
        self[code] = None if gone else code
        return self[code]


_KEPT = _Kept()


def visible(text: str) -> str:
    """Without escape sequences, and without control, bidirectional, zero-width, tag and unassigned characters, fillers
    and variation selectors; newlines and tabs stay."""
    return whole(unsteered(text)).translate(_KEPT)


def unsteered(text: str) -> str:
    """Without the escape sequences of terminals."""
    return _ESCAPE.sub("", text)


def one_line(text: str, most: int) -> str:
    """`text` made visible, its space narrowed, at most `most` characters."""
    return " ".join(visible(text[: 8 * most]).split())[:most]


def whole(text: str) -> str:
    """`text` with U+FFFD for every half of a character; two halves that belong together are joined."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def whole_json(value: Any) -> Any:
    """A value of JSON types, every text of it made whole."""
    text = json.dumps(value, ensure_ascii=False)
    sound = whole(text)
    return value if sound == text else json.loads(sound)
