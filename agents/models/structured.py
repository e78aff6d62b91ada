"""A JSON object out of a model's text, validated; and the words to ask again with when it doesn't fit."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agents.models.faults import Unsound
from agents.models.protocol import Reply
from tools.toolchain import Message

T = TypeVar("T", bound=BaseModel)
QUOTED_CHARS = 1500
BRACES_TRIED = 200
_STRING_BOUNDS = frozenset({"minLength", "maxLength"})
_THOUGHTS = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
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
    """The object in `reply`, around which fences, thoughts and prose are allowed. Raises Unsound."""
    found = _object(_THOUGHTS.sub("", reply.text))
    if found is None:
        cut = f": it was cut at {reply.tokens_out} tokens" if reply.finish == "length" else ""
        raise Unsound("schema", f"the reply holds no whole JSON object{cut}")
    try:
        return schema.model_validate(found)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, item['loc'])) or 'object'}: {item['msg']}" for item in error.errors()]
        raise Unsound("schema", "the reply doesn't fit: " + "; ".join(faults[:_SHOWN_FAULTS])) from None


def ask_again(reply: Reply, fault: Unsound) -> list[Message]:
    """What is added to the conversation: the reply, shortened, and what is wrong with it."""
    return [
        Message("assistant", reply.text[:QUOTED_CHARS]),
        Message("user", f"That can't be used: {fault}. Answer again with one whole JSON object and nothing else."),
    ]


def _object(text: str) -> dict[str, object] | None:
    """The first JSON object in `text`, counting from the left; control characters inside strings are let pass."""
    decoder = json.JSONDecoder(strict=False)
    for place in (match.start() for match in islice(re.finditer(r"\{", text), BRACES_TRIED)):
        try:
            found, _ = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None
