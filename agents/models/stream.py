"""One streamed chat completion: its pieces, the last sign of life, and the reply made of them."""

from __future__ import annotations

import threading
import time
from typing import Any, Literal

from agents.models import chat
from agents.models.faults import Unsound
from agents.models.protocol import Limit, Reply, Request
from agents.models.wire.thoughts import answer
from pelagos.errors import ModelUnavailable

Ending = Literal["ended", "silent", "late"]
REFUSED = range(400, 500)


class Stream:
    """Written by the engine's thread and read by the caller. `dropped` makes the engine stop at its next piece."""

    def __init__(self) -> None:
        self.dropped = False
        self.broken = ""
        self._refusal = ""
        self._text: list[str] = []
        self._finish = ""
        self._first: dict[str, float] = {}
        self._usage: dict[str, Any] = {}
        self._timings: dict[str, Any] = {}
        self._moved = threading.Condition()
        self._ended = False
        self._began = self._heard = time.monotonic()

    def take(self, piece: dict[str, Any]) -> bool:
        """Add one piece; True stops the engine."""
        if "error" in piece:
            self._refuse(piece["error"])
        for choice in piece.get("choices") or []:
            self._text.append(chat.content(choice["delta"].get("content")))
            self._finish = str(choice.get("finish_reason") or self._finish)
            self._first = self._first or chat.first_logprobs(choice.get("logprobs"))
        self._usage = piece.get("usage") or self._usage
        self._timings = piece.get("timings") or _read_so_far(piece) or self._timings
        with self._moved:
            self._heard = time.monotonic()
            self._moved.notify_all()
        return self.dropped

    def end(self, error: str = "") -> None:
        """The engine is done with the request; `error` is what it raised."""
        with self._moved:
            self._ended, self.broken = True, " ".join(error.split())[:300]
            self._moved.notify_all()

    def wait(self, limit: Limit) -> Ending:
        """How it ended: by itself, since nothing was heard for too long, or since the time is up."""
        with self._moved:
            while not self._ended:
                now, silent_at = time.monotonic(), self._heard + limit.silence_s
                if limit.deadline is not None and now >= limit.deadline:
                    return "late"
                if now >= silent_at:
                    return "silent"
                self._moved.wait(min(silent_at, limit.deadline or silent_at) - now)
        return "ended"

    def reply(self, request: Request) -> Reply:
        """The whole reply. Raises ModelUnavailable for what the engine refuses, Unsound where there is no reply."""
        if self._refusal:
            raise ModelUnavailable(f"embedded model: {self._refusal}")
        if not self._usage:
            self.broken = self.broken or "the answer broke off"
            raise Unsound("empty", f"embedded model: {self.broken}")
        reply = self._made(self._finish or "stop")
        whole, text = reply.text, answer(reply.text)
        chat.check(text, request, reply.tokens_in + reply.tokens_out, reply.finish, whole)
        return reply.model_copy(update={"text": text})

    def so_far(self, request: Request) -> Reply | None:
        """What was written until now, as a cut reply, where it can be used: free text of at least one whole line."""
        free = request.schema_ is None and not request.top_logprobs
        return self._made("length") if free and "\n" in "".join(self._text).lstrip() else None

    def tokens(self) -> int:
        """Tokens that were read and written until now."""
        return int(self._timings.get("prompt_n", 0)) + int(self._timings.get("predicted_n", 0))

    def _made(self, finish: str) -> Reply:
        timed = self._timings
        read, cached = int(timed.get("prompt_n", 0)), int(timed.get("cache_n", 0))
        return Reply(
            text="".join(self._text), tokens_in=read + cached, tokens_out=int(timed.get("predicted_n", 0)),
            seconds=time.monotonic() - self._began, finish=finish, first_logprobs=self._first, tokens_read=read,
            read_s=float(timed.get("prompt_ms", 0)) / 1000, write_s=float(timed.get("predicted_ms", 0)) / 1000,
        )  # fmt: skip

    def _refuse(self, error: Any) -> None:
        """A fault of the request is refused for good; any other is the engine's."""
        said = " ".join(str(error.get("message", error)).split())[:300]
        if int(error.get("code") or 500) in REFUSED:
            self._refusal = said
        else:
            self.broken = said


def _read_so_far(piece: dict[str, Any]) -> dict[str, Any]:
    """The timings of a prompt that is being read: its progress counts what was read before, too."""
    progress = piece.get("prompt_progress")
    if not progress:
        return {}
    cached = int(progress["cache"])
    return {"prompt_n": int(progress["processed"]) - cached, "cache_n": cached, "prompt_ms": progress["time_ms"]}
