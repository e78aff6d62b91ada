"""Prompts are Jinja templates beside the code that sends them: a `user` block, and a `system` block where it isn't the
one that the prompts of a run share (`tools/opening.py`); strict variables.

What papers, models, logs and data say is quoted as data by the `data` filter (contract 6): stripped of invisible
characters, cut to a length, and fenced with a mark that the text itself can't contain. Fencing lowers the risk of
injected instructions; it doesn't remove it, so no reply can set configuration, tools or acceptance.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tools.opening import SYSTEM
from tools.toolchain import Message

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_FENCE = "=" * 4
_FENCE_OR_LONGER = re.compile(f"{_FENCE}+")
_INVISIBLE = {"Cf", "Cc", "Co", "Cs", "Cn"}
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def one_of(values: Sequence[str]) -> Any:
    """The type of a field of a reply that must be one of `values`: an enum in its JSON schema."""
    return Literal[tuple(values)]


def render(template: Path, **variables: Any) -> list[Message]:
    """The template's blocks as messages. Raises jinja2.UndefinedError for a variable it lacks."""
    loaded = _loaded(template)
    context = loaded.new_context(variables)
    blocks = {role: "".join(block(context)).strip() for role, block in loaded.blocks.items()}
    return [Message("system", blocks.get("system", SYSTEM)), Message("user", blocks["user"])]


def visible(text: str) -> str:
    """Without zero-width, bidirectional, tag, control and unassigned characters, fillers and variation selectors;
    newlines and tabs stay."""
    return "".join(c for c in _BLANK.sub("", text) if c in "\n\t" or unicodedata.category(c) not in _INVISIBLE)


def data(text: str, limit: int = 4000) -> str:
    """Text of others, as data."""
    plain = _FENCE_OR_LONGER.sub("===", visible(text))
    cut = plain if len(plain) <= limit else plain[:limit] + " [cut]"
    return f"{_FENCE} data\n{cut}\n{_FENCE} end"


def line(text: str, limit: int = 300) -> str:
    """Text of others, as one line between quotation marks."""
    plain = " ".join(visible(text).replace('"', "'").split())
    plain = _FENCE_OR_LONGER.sub("", plain)
    return f'"{plain[:limit]}"'


@cache
def _loaded(template: Path) -> Template:
    return _environment().from_string(template.read_text("utf-8"))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    made = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701 - text for a model, not a page
    made.filters.update(data=data, line=line)
    return made
