"""Parses and validates the JSON object in a model's text, and words the re-ask if none is valid."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agents.models.call_faults import UnusableReply
from agents.models.protocol import Reply
from pelagos.visible import replace_surrogates_in_json
from tools.toolchain import Message

T = TypeVar("T", bound=BaseModel)
QUOTED_CHARS = 1500
BRACES_TRIED = 200
_STRING_BOUNDS = frozenset({"minLength", "maxLength"})
_SHOWN_FAULTS = 5


def schema_to_send(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema to send to a server, without the length bounds of strings: llama.cpp turns those into a
    grammar with one rule per character that samples at about one token a second. `parse` checks the bounds.

    The schema contains the class' name and docstring, so both are part of the prompt and of the call's key.
    """
    bounded: dict[str, Any] = schema.model_json_schema()
    return {key: _unbounded(value) for key, value in bounded.items()}


def _unbounded(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_unbounded(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = _STRING_BOUNDS if schema.get("type") == "string" else frozenset()
    return {key: _unbounded(value) for key, value in schema.items() if key not in dropped}


def parse(reply: Reply, schema: type[T]) -> T:
    """Return the first object in `reply` that fits the schema. Fences and prose around it are allowed; nested objects
    are tried after those that stand alone. Raises UnusableReply, which describes the first object's faults."""
    objects = _objects(reply.text)
    if not objects:
        suffix = f": it was cut at {reply.tokens_out} tokens" if reply.finish == "length" else ""
        raise UnusableReply("schema", f"the reply holds no whole JSON object{suffix}")
    faults = []
    for candidate in [*objects, *_nested(objects)]:
        try:
            return schema.model_validate(candidate)
        except ValidationError as error:
            faults.append([f"{'.'.join(map(str, item['loc'])) or 'object'}: {item['msg']}" for item in error.errors()])
    raise UnusableReply("schema", "the reply doesn't fit: " + "; ".join(faults[0][:_SHOWN_FAULTS]))


def ask_again(reply: Reply, fault: UnusableReply) -> list[Message]:
    """Return the messages that ask again: the reply, shortened, and what is wrong with it."""
    return [
        Message("assistant", reply.text[:QUOTED_CHARS]),
        Message("user", f"That can't be used: {fault}. Answer again with one whole JSON object and nothing else."),
    ]


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the top-level JSON objects in `text`, from the left. Control characters inside strings are allowed."""
    decoder, objects, end = json.JSONDecoder(strict=False), list[dict[str, Any]](), 0
    for position in (match.start() for match in islice(re.finditer(r"\{", text), BRACES_TRIED)):
        if position < end:
            continue
        try:
            candidate, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            continue
        objects.append(replace_surrogates_in_json(candidate))  # an escape may stand for half of a surrogate pair
    return objects


def _nested(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the objects nested in others, outer ones first; `BRACES_TRIED` at most."""
    nested, queue = list[dict[str, Any]](), list[Any](objects)
    for value in queue:
        children = list(value.values()) if isinstance(value, dict) else value
        inner = [child for child in children if isinstance(child, dict | list)]
        queue += inner[: max(0, BRACES_TRIED - len(queue))]
        nested += [child for child in inner if isinstance(child, dict)]
    return nested[:BRACES_TRIED]
