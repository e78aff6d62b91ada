"""A JSON object out of a model's text, validated; and the words to ask again with when it doesn't fit."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agents.models.faults import Unsound
from agents.models.protocol import Reply
from pelagos.visible import whole_json
from tools.toolchain import Message

T = TypeVar("T", bound=BaseModel)
QUOTED_CHARS = 1500
BRACES_TRIED = 200
_STRING_BOUNDS = frozenset({"minLength", "maxLength"})
_SHOWN_FAULTS = 5


def sent(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema as a server gets it: without the bounds of strings, which llama.cpp turns into a grammar of one
    rule a character that samples at about a token a second. They are checked when the reply is parsed."""
    bounded: dict[str, Any] = schema.model_json_schema()
    return {key: _unbounded(value) for key, value in bounded.items()}


def _unbounded(part: Any) -> Any:
    if isinstance(part, list):
        return [_unbounded(one) for one in part]
    if not isinstance(part, dict):
        return part
    drop = _STRING_BOUNDS if part.get("type") == "string" else frozenset()
    return {key: _unbounded(value) for key, value in part.items() if key not in drop}


def parse(reply: Reply, schema: type[T]) -> T:
    """The first object in `reply` that fits, around which fences and prose are allowed; one inside of another, or in a
    list, counts after those that stand alone. Raises Unsound, about the first one."""
    found = _objects(reply.text)
    if not found:
        cut = f": it was cut at {reply.tokens_out} tokens" if reply.finish == "length" else ""
        raise Unsound("schema", f"the reply holds no whole JSON object{cut}")
    faults = []
    for one in [*found, *_inner(found)]:
        try:
            return schema.model_validate(one)
        except ValidationError as error:
            faults.append([f"{'.'.join(map(str, item['loc'])) or 'object'}: {item['msg']}" for item in error.errors()])
    raise Unsound("schema", "the reply doesn't fit: " + "; ".join(faults[0][:_SHOWN_FAULTS]))


def ask_again(reply: Reply, fault: Unsound) -> list[Message]:
    """What is added to the conversation: the reply, shortened, and what is wrong with it."""
    return [
        Message("assistant", reply.text[:QUOTED_CHARS]),
        Message("user", f"That can't be used: {fault}. Answer again with one whole JSON object and nothing else."),
    ]


def _objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects in `text` that stand alone, from the left; control characters inside strings are let pass."""
    decoder, found, end = json.JSONDecoder(strict=False), list[dict[str, Any]](), 0
    for place in (match.start() for match in islice(re.finditer(r"\{", text), BRACES_TRIED)):
        if place < end:
            continue
        try:
            one, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        found.append(whole_json(one))  # a half of a character may be written as an escape
    return found


def _inner(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects inside of others, outer ones first; no more than `BRACES_TRIED`."""
    found, waiting = list[dict[str, Any]](), list[Any](objects)
    for one in waiting:
        parts = list(one.values()) if isinstance(one, dict) else one
        inner = [part for part in parts if isinstance(part, dict | list)]
        waiting += inner[: max(0, BRACES_TRIED - len(waiting))]
        found += [part for part in inner if isinstance(part, dict)]
    return found[:BRACES_TRIED]
