"""Quotes text of others in prompts (contract 6): made visible, cut to a length, and fenced so that it can't close its
fence.

Every prompt builder uses these functions. Fencing lowers the risk of injected instructions but doesn't remove it, so
no reply can set configuration, tools or acceptance.
"""

from __future__ import annotations

import re

from pelagos.visible import make_visible

SHORTEST_FENCE = {"=": 4, "`": 3}
_EQUALS_RUN = re.compile("={4,}")
INSIDE_CHARS = 2_000


def fence_text(text: str, mark: str, opens: str = "", closes: str = "") -> str:
    """Put `text` between two rows of `mark`, each longer than any row of `mark` within the text. `opens` and `closes`
    follow the two rows."""
    longest = max(map(len, re.findall(f"{re.escape(mark)}+", text)), default=0)
    fence = mark * max(SHORTEST_FENCE[mark], longest + 1)
    return f"{fence}{opens}\n{text}\n{fence}{closes}"


def quote_data(text: str, limit: int = 4000) -> str:
    """Quote prose and records, at most `limit` characters."""
    plain = _EQUALS_RUN.sub("===", make_visible(text))
    cut = plain if len(plain) <= limit else plain[:limit] + " [cut]"
    return fence_text(cut, "=", " data", " end")


def quote_code(text: str) -> str:
    """Quote lines of a program, or what was observed when it ran; only invisible characters are removed."""
    return fence_text(make_visible(text).strip("\n"), "`", "python")


def quote_line(text: str, limit: int = 300) -> str:
    """Quote one line between quotation marks, at most `limit` characters."""
    plain = " ".join(make_visible(text).replace('"', "'").split())
    return f'"{_EQUALS_RUN.sub("", plain)[:limit]}"'


def quote_word(text: str, limit: int = 200) -> str:
    """Quote a name, an address or an id, which the reply must repeat unchanged: one line without quotation marks."""
    return " ".join(make_visible(text).split())[:limit]


def quote_inside(text: str) -> str:
    """Quote text that stands between the prompt's own tags or in one of its code blocks, so that it can close
    neither."""
    return make_visible(text[:INSIDE_CHARS]).replace("```", "'''").replace("</", "< /").strip()
