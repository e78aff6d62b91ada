"""Parses the body of an HTTP answer as one chat completion, however it is wrapped. No I/O.

Proxies and vendors send byte order marks, event-stream framing, and an `error` in a body with status 200.
"""

from __future__ import annotations

import json
import re
from typing import Any

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
SHOWN = 200


def parse_body(text: str) -> Any:
    """Return the JSON in a body. Raises ValueError that says what the body is instead."""
    plain = text.lstrip("\ufeff \t\r\n")
    if plain.startswith("<"):
        title = _TITLE.search(plain)
        title_text = f" {one_line(title[1])!r}" if title else ""
        raise ValueError(f"it is a web page{title_text}: is the address right, does it want a login?")
    if plain.startswith(("data:", "event:", ":", "id:", "retry:")):
        return _join_stream(plain)
    try:
        return json.loads(plain)
    except ValueError:
        raise ValueError(f"it is not JSON ({len(text)} bytes, begins {text[:40]!r})") from None


def find_error(data: Any) -> tuple[int, str] | None:
    """Return (code, message) of an error in a body, None if there is none. The code is 0 if the body gives none."""
    if not isinstance(data, dict):
        return None
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    error = data.get("error") or first.get("error") or (data if data.get("object") == "error" else None)
    if not error and not choices:
        error = data.get("detail") or data.get("message")
    if not error:
        return None
    code = str(error.get("code", error.get("status")) if isinstance(error, dict) else data.get("code"))
    return (int(code) if code.isdecimal() else 0), error_text(error)


def error_text(error: Any) -> str:
    """Return an error's message in one line."""
    if not isinstance(error, dict):
        return one_line(error if isinstance(error, str) else json.dumps(error))
    words = error.get("message") or error.get("detail") or error.get("error") or error.get("type") or error
    if not isinstance(words, str):
        return error_text(words) if words is not error else one_line(json.dumps(words))
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return one_line(f"{words}: {raw}" if raw else words)


def refusal_text(text: str) -> str:
    """Return the message of a refusal's body: of its error if it is JSON, of its title if it is a web page."""
    try:
        data = parse_body(text)
    except ValueError as fault:
        return str(fault) if text.lstrip().startswith("<") else one_line(text)
    error = find_error(data)
    return error[1] if error else one_line(text)


def one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()[:SHOWN]


def _join_stream(text: str) -> dict[str, Any]:
    """Join the pieces of an event stream into one completion. Raises ValueError for a stream without data."""
    lines = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("data:"))
    pieces = [json.loads(line) for line in lines if line and line != "[DONE]"]
    complete = next((piece for piece in pieces if find_error(piece) or _message(piece)), None)
    if complete is not None:
        return dict(complete)
    completion: dict[str, Any] = {"usage": None, "choices": [{"message": {"content": "", "reasoning_content": ""}}]}
    choice = completion["choices"][0]
    for piece in pieces:
        completion["usage"] = piece.get("usage") or completion["usage"]
        for part in (piece.get("choices") or [])[:1]:
            delta = part.get("delta") or {}
            choice["message"]["content"] += delta.get("content") or ""
            choice["message"]["reasoning_content"] += delta.get("reasoning_content") or delta.get("reasoning") or ""
            choice["finish_reason"] = part.get("finish_reason") or choice.get("finish_reason")
            choice["logprobs"] = choice.get("logprobs") or part.get("logprobs")
    if not pieces:
        raise ValueError("it is an event stream without any data")
    return completion


def _message(piece: Any) -> bool:
    choices = piece.get("choices") if isinstance(piece, dict) else None
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict) and "message" in choices[0]
