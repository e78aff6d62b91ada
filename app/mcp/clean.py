"""Cleans what the tools return: runs hold texts of models, papers and programs, and all of them may be hostile."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

from pelagos.visible import make_visible

R = TypeVar("R", bound=BaseModel)
MAX_CHARS, MAX_ITEMS = 20_000, 100


def clean_result(result: R) -> R:
    """Return the result with visible characters only, texts of at most `MAX_CHARS` characters, lists of at most
    `MAX_ITEMS` items."""
    return type(result).model_validate(_clean(result.model_dump(mode="json")))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return cut(make_visible(value), MAX_CHARS)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value[:MAX_ITEMS]] if isinstance(value, list) else value


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
