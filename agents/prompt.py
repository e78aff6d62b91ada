"""Prompts are Jinja templates beside the code that sends them: a `user` block, and a `system` block where it isn't the
one that the prompts of a run share (`tools/opening.py`); strict variables.

What papers, models, logs and data say is quoted by the filters of `pelagos/quoting.py` (contract 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pelagos.quoting import data, line, word
from tools.opening import SYSTEM
from tools.toolchain import Message

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def one_of(values: Sequence[str]) -> Any:
    """The type of a field of a reply that must be one of `values`: an enum in its JSON schema."""
    return Literal[tuple(values)]


def render(template: Path, **variables: Any) -> list[Message]:
    """The template's blocks as messages. Raises jinja2.UndefinedError for a variable it lacks."""
    loaded = _loaded(template)
    context = loaded.new_context(variables)
    blocks = {role: "".join(block(context)).strip() for role, block in loaded.blocks.items()}
    return [Message("system", blocks.get("system", SYSTEM)), Message("user", blocks["user"])]


@cache
def _loaded(template: Path) -> Template:
    return _environment().from_string(template.read_text("utf-8"))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    made = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701 - text for a model, not a page
    made.filters.update(data=data, line=line, word=word)
    return made
