"""The body of an HTTP answer as one chat completion, however it is wrapped. No I/O.

A byte order mark, event-stream framing and an `error` in a body with status 200 are what proxies and vendors send.
"""

from __future__ import annotations

import json
import re
from typing import Any

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
SHOWN = 200


def opened(text: str) -> Any:
    """The JSON in a body. Raises ValueError, with what it is instead."""
    plain = text.lstrip("\ufeff \t\r\n")
    if plain.startswith("<"):
        title = _TITLE.search(plain)
        named = f" {one_line(title[1])!r}" if title else ""
        raise ValueError(f"it is a web page{named}: is the address right, does it want a login?")
    if plain.startswith(("data:", "event:", ":", "id:", "retry:")):
        return _joined(plain)
    try:
        return json.loads(plain)
    except ValueError:
        raise ValueError(f"it is not JSON ({len(text)} bytes, begins {text[:40]!r})") from None


def error_of(data: Any) -> tuple[int, str] | None:
    """(code, the provider's words) of an error in a body; code 0 where it gives none. None where there is no error."""
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
    return (int(code) if code.isdecimal() else 0), said(error)


def said(error: Any) -> str:
    """An error's words, in one line."""
    if not isinstance(error, dict):
        return one_line(error if isinstance(error, str) else json.dumps(error))
    words = error.get("message") or error.get("detail") or error.get("error") or error.get("type") or error
    if not isinstance(words, str):
        return said(words) if words is not error else one_line(json.dumps(words))
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return one_line(f"{words}: {raw}" if raw else words)


def refusal(text: str) -> str:
    """The words of a refusal's body: of its error where it is JSON, of its title where it is a page."""
    try:
        data = opened(text)
    except ValueError as fault:
        return str(fault) if text.lstrip().startswith("<") else one_line(text)
    found = error_of(data)
    return found[1] if found else one_line(text)


def one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()[:SHOWN]


def _joined(text: str) -> dict[str, Any]:
    """One completion from the pieces of an event stream. Raises ValueError."""
    lines = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("data:"))
    pieces = [json.loads(line) for line in lines if line and line != "[DONE]"]
    whole = next((piece for piece in pieces if error_of(piece) or _message(piece)), None)
    if whole is not None:
        return dict(whole)
    made: dict[str, Any] = {"usage": None, "choices": [{"message": {"content": "", "reasoning_content": ""}}]}
    choice = made["choices"][0]
    for piece in pieces:
        made["usage"] = piece.get("usage") or made["usage"]
        for part in (piece.get("choices") or [])[:1]:
            delta = part.get("delta") or {}
            choice["message"]["content"] += delta.get("content") or ""
            choice["message"]["reasoning_content"] += delta.get("reasoning_content") or delta.get("reasoning") or ""
            choice["finish_reason"] = part.get("finish_reason") or choice.get("finish_reason")
            choice["logprobs"] = choice.get("logprobs") or part.get("logprobs")
    if not pieces:
        raise ValueError("it is an event stream without any data")
    return made


def _message(piece: Any) -> bool:
    choices = piece.get("choices") if isinstance(piece, dict) else None
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict) and "message" in choices[0]
