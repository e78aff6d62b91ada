"""Writes values and comments of others as Python source that can't be anything else."""

from __future__ import annotations

import math
from typing import Any

from pelagos.visible import make_one_line

COMMENT_CHARS = 200


def write_literal(value: Any) -> str:
    """Return a literal. Raises TypeError for anything but text, numbers, booleans, None, and lists of them."""
    if value is None or isinstance(value, bool | int | str):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if isinstance(value, list | tuple):
        return f"[{', '.join(write_literal(each) for each in value)}]"
    raise TypeError(f"{type(value).__name__} can't be written as a literal")


def write_comment(text: str) -> str:
    """Return one line of comment."""
    return f"# {make_one_line(text, COMMENT_CHARS)}"
