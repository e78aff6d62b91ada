"""The pieces of a streamed chat completion, put together by choice. Stopped when all have left, or by `dropped`."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from agents.models import chat
from pelagos.errors import ModelUnavailable


class Choice(NamedTuple):
    """One whole choice. `usage` is empty where the stream broke off."""

    text: str
    finish: str
    first: dict[str, float]
    usage: dict[str, Any]


class Stream:
    """Written by the engine's thread, read by the callers after `ended`."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.error = ""
        self.dropped = False
        self.members = 0
        self._left = 0
        self._lock = threading.Lock()
        self._text: dict[int, list[str]] = {}
        self._finish: dict[int, str] = {}
        self._first: dict[int, dict[str, float]] = {}
        self._usage: dict[int, dict[str, Any]] = {}
        self._last = 0

    def enter(self) -> int:
        """One caller more; the place of its choice."""
        with self._lock:
            self.members += 1
            return self.members - 1

    def leave(self) -> None:
        with self._lock:
            self._left += 1

    def take(self, piece: dict[str, Any]) -> bool:
        """Add one piece; True stops the stream. A usage belongs to the choice that finished just before it."""
        if "error" in piece:
            self.error = str(piece["error"].get("message", piece["error"]))
        for choice in piece.get("choices") or []:
            self._add(int(choice.get("index", 0)), choice)
        if piece.get("usage"):
            self._usage[self._last] = piece["usage"]
        return self.dropped or self._left >= self.members

    def choice(self, place: int) -> Choice:
        """The choice at `place`. Raises ModelUnavailable if the engine refused the request."""
        if self.error:
            raise ModelUnavailable(f"embedded model: {' '.join(self.error.split())[:300]}")
        text = "".join(self._text.get(place, []))
        return Choice(text, self._finish.get(place, "stop"), self._first.get(place, {}), self._usage.get(place, {}))

    def _add(self, place: int, choice: dict[str, Any]) -> None:
        self._text.setdefault(place, []).append(choice["delta"].get("content") or "")
        if choice.get("finish_reason"):
            self._finish[place], self._last = str(choice["finish_reason"]), place
        if not self._first.get(place):
            self._first[place] = chat.first_logprobs(choice.get("logprobs"))
