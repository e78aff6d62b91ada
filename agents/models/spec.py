"""Parses model specs: `embedded`, `embedded:NAME-or-PATH`, `replay:RUN`, `openai:MODEL[@BASE_URL]`, `none`.

It only reads the text; the registry checks whether the model exists.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal, get_args

from pelagos.errors import BadInput

Kind = Literal["embedded", "openai", "replay", "none"]
FORMS = "embedded, embedded:NAME-or-PATH, replay:RUN, openai:MODEL[@BASE_URL] or none"
_WITH_URL = re.compile(r"^(?P<name>.+?)@(?P<url>https?://\S+)$")
_HOST = re.compile(
    r"(?:[^@/\s]*@)?"
    r"(?:localhost|\[[^\]]*\]|\d{1,3}(?:\.\d{1,3}){3}|[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}|[\w.-]+(?=:\d))"
    r"(?::\d+)?(?:[/?#]\S*)?$"
)


@dataclass(frozen=True)
class Spec:
    """`name` is a catalog name or path, a run folder, or the model's name at the endpoint; may be empty."""

    kind: Kind
    name: str = ""
    base_url: str = ""


def parse_spec(text: str) -> Spec:
    """Parse a spec. Raises BadInput that lists the valid forms."""
    kind, _, name = text.strip().partition(":")
    if kind not in get_args(Kind):
        near = difflib.get_close_matches(kind, get_args(Kind), 1)
        raise BadInput(f"model spec {text!r}: no such kind{f', did you mean {near[0]!r}' if near else ''}: {FORMS}")
    with_url = _WITH_URL.match(name) if kind == "openai" else None
    if with_url:
        return Spec("openai", with_url["name"], with_url["url"].rstrip("/"))
    if kind == "none":
        return Spec("none")
    if kind != "embedded" and not name:
        missing = "a model name" if kind == "openai" else "a run folder"
        raise BadInput(f"model spec {text!r}: {missing} must follow the colon: {FORMS}")
    model, _, rest = name.partition("@")
    if kind == "openai" and model and ("://" in rest or _HOST.match(rest)):
        raise BadInput(
            f"model spec openai:{model}@...: the base URL after @ must begin with http:// or https://: "
            f"write openai:{model}@http://HOST:PORT/v1"
        )
    return Spec("embedded" if kind == "embedded" else "openai" if kind == "openai" else "replay", name)
