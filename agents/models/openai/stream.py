"""Collects one streamed chat completion: its pieces, the time of the last one, and the reply made of them."""

from __future__ import annotations

import threading
import time
from typing import Any, Literal

from agents.models.call_faults import UnusableReply
from agents.models.openai import chat
from agents.models.openai.wire.thoughts import strip_thoughts
from agents.models.protocol import Reply, Request, TimeLimit
from pelagos.errors import ModelUnavailable

Ending = Literal["ended", "silent", "late"]
REFUSED = range(400, 500)


class Stream:
    """Written by the engine's thread, read by the caller. Setting `dropped` stops the engine at its next piece."""

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

    def add_piece(self, piece: dict[str, Any]) -> bool:
        """Add one piece. Returning True stops the engine."""
        if "error" in piece:
            self._refuse(piece["error"])
        for choice in piece.get("choices") or []:
            self._text.append(chat.content_text(choice["delta"].get("content")))
            self._finish = str(choice.get("finish_reason") or self._finish)
            self._first = self._first or chat.first_logprobs(choice.get("logprobs"))
        self._usage = piece.get("usage") or self._usage
        self._timings = piece.get("timings") or _read_so_far(piece) or self._timings
        with self._moved:
            self._heard = time.monotonic()
            self._moved.notify_all()
        return self.dropped

    def end(self, error: str = "") -> None:
        """Mark the request as done; `error` is the engine's error message, "" for none."""
        with self._moved:
            self._ended, self.broken = True, " ".join(error.split())[:300]
            self._moved.notify_all()

    def wait(self, limit: TimeLimit) -> Ending:
        """Wait for the end. Returns "ended" when the engine is done, "silent" after a silence of `limit.silence_s`,
        "late" at the deadline."""
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
        """Return the whole reply. Raises ModelUnavailable if the engine refused the request, UnusableReply if there is
        no usable reply."""
        if self._refusal:
            raise ModelUnavailable(f"embedded model: {self._refusal}")
        if not self._usage:
            self.broken = self.broken or "the answer broke off"
            raise UnusableReply("empty", f"embedded model: {self.broken}")
        reply = self._make_reply(self._finish or "stop")
        whole, text = reply.text, strip_thoughts(reply.text)
        chat.check_answer(text, request, reply.tokens_in + reply.tokens_out, reply.finish, whole)
        return reply.model_copy(update={"text": text})

    def partial_reply(self, request: Request) -> Reply | None:
        """Return the text so far as a reply of finish `length` if it is usable, else None. Usable is free text of at
        least one whole line."""
        free = request.schema_ is None and not request.top_logprobs
        return self._make_reply("length") if free and "\n" in "".join(self._text).lstrip() else None

    def tokens(self) -> int:
        """Return the number of tokens that were read and written so far."""
        return int(self._timings.get("prompt_n", 0)) + int(self._timings.get("predicted_n", 0))

    def _make_reply(self, finish: str) -> Reply:
        timings = self._timings
        read, cached = int(timings.get("prompt_n", 0)), int(timings.get("cache_n", 0))
        return Reply(
            text="".join(self._text), tokens_in=read + cached, tokens_out=int(timings.get("predicted_n", 0)),
            seconds=time.monotonic() - self._began, finish=finish, first_logprobs=self._first, tokens_read=read,
            read_s=float(timings.get("prompt_ms", 0)) / 1000, write_s=float(timings.get("predicted_ms", 0)) / 1000,
        )  # fmt: skip

    def _refuse(self, error: Any) -> None:
        """Note an error piece: a client error is a final refusal of the request, any other a failure of the engine."""
        message = " ".join(str(error.get("message", error)).split())[:300]
        if int(error.get("code") or 500) in REFUSED:
            self._refusal = message
        else:
            self.broken = message


def _read_so_far(piece: dict[str, Any]) -> dict[str, Any]:
    """Return the timings of a prompt that is being read. Its progress includes the cached tokens."""
    progress = piece.get("prompt_progress")
    if not progress:
        return {}
    cached = int(progress["cache"])
    return {"prompt_n": int(progress["processed"]) - cached, "cache_n": cached, "prompt_ms": progress["time_ms"]}
