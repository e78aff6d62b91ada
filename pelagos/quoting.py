"""Text of others in a prompt (contract 6): made visible, cut to a length, and fenced so that it can't end its fence.

Every prompt builder quotes by these. Fencing lowers the risk of injected instructions; it doesn't remove it, so no
reply can set configuration, tools or acceptance.
"""

from __future__ import annotations

import re

from pelagos.visible import visible

LEAST = {"=": 4, "`": 3}
_MARKS = re.compile("={4,}")
MAX_INSIDE = 2_000


def fenced(text: str, mark: str, opens: str = "", closes: str = "") -> str:
    """`text` between two rows of `mark`, longer than every row of it in the text."""
    longest = max(map(len, re.findall(f"{re.escape(mark)}+", text)), default=0)
    fence = mark * max(LEAST[mark], longest + 1)
    return f"{fence}{opens}\n{text}\n{fence}{closes}"


def data(text: str, limit: int = 4000) -> str:
    """Prose and records."""
    plain = _MARKS.sub("===", visible(text))
    cut = plain if len(plain) <= limit else plain[:limit] + " [cut]"
    return fenced(cut, "=", " data", " end")


def code(text: str) -> str:
    """Lines of a program, and what was seen when it ran; as it stands but for what can't be seen."""
    return fenced(visible(text).strip("\n"), "`", "python")


def line(text: str, limit: int = 300) -> str:
    """One line between quotation marks."""
    plain = " ".join(visible(text).replace('"', "'").split())
    return f'"{_MARKS.sub("", plain)[:limit]}"'


def word(text: str, limit: int = 200) -> str:
    """A name, an address or an id, which must be repeated as it is: one line, without quotation marks."""
    return " ".join(visible(text).split())[:limit]


def inside(text: str) -> str:
    """What stands between tags of the prompt's own, or in one of its code blocks: it can close neither."""
    return visible(text[:MAX_INSIDE]).replace("```", "'''").replace("</", "< /").strip()
