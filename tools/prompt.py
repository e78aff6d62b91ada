"""Renders prompts from Jinja templates, which lie beside the code that sends them.

A template has a `user` block, and a `system` block if it doesn't use the one that a run's prompts share
(`tools/opening.py`). An undefined variable is an error. A piece that several share is a template
whose name begins with an underscore, included by its path from the repository's root. Text of papers, models, logs and
data is quoted by the filters of `pelagos/quoting.py` (contract 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pelagos.quoting import quote_code, quote_data, quote_inside, quote_line, quote_word
from tools.opening import SYSTEM
from tools.toolchain import Message

if TYPE_CHECKING:
    from jinja2 import Environment

_ROOT = Path(__file__).parents[1]


def one_of(values: Sequence[str]) -> Any:
    """Return the type of a reply's field that must be one of `values`: an enum in its JSON schema."""
    return Literal[tuple(values)]


def render(template: Path, **variables: Any) -> list[Message]:
    """Return the template's blocks as messages. Raises jinja2.UndefinedError for a missing variable."""
    parsed = _environment().get_template(str(template))
    context = parsed.new_context(variables)
    blocks = {role: "".join(block(context)) for role, block in parsed.blocks.items()}
    return [Message("system", blocks.get("system", SYSTEM)), Message("user", blocks["user"])]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(lambda path: (_ROOT / path).read_text("utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - text for a model, not a page
    )
    environment.filters |= {
        "code": quote_code, "data": quote_data, "inside": quote_inside, "line": quote_line, "word": quote_word,
    }  # fmt: skip
    return environment
