"""Requests into llama.cpp's in-process server and replies out of it, with a wall-clock limit for each.

A request is streamed, since only between two pieces can it be stopped. When its time is up, the caller goes on at once
and the engine drops the request at its next piece.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from agents.models import chat
from agents.models.faults import Unsound
from agents.models.protocol import Reply, Request
from pelagos.errors import ModelTimeout, ModelUnavailable


class Engine:
    """`server` is an xllamacpp.Server with `parallel` slots. Thread-safe."""

    def __init__(self, server: Any, parallel: int) -> None:
        self._server = server
        self.parallel = parallel

    def complete(self, request: Request, timeout: float) -> Reply:
        """Raises ModelTimeout, ModelUnavailable for what is refused for good, Unsound for an empty answer."""
        began = time.monotonic()
        stream = _Stream()
        worker = threading.Thread(target=self._send, args=(request, stream), daemon=True)
        worker.start()
        try:
            if not stream.ended.wait(timeout):
                raise ModelTimeout(f"embedded model: no whole answer within {timeout:g} s")
        finally:
            stream.stopped = True
        return stream.reply(request, time.monotonic() - began)

    def _send(self, request: Request, stream: _Stream) -> None:
        asked = chat.body(request, "embedded") | {
            "stream": True, "stream_options": {"include_usage": True}, "return_progress": True, "cache_prompt": True,
        }  # fmt: skip
        try:
            self._server.handle_chat_completions(asked, stream.take)
        except (ValueError, RuntimeError) as error:
            stream.error = str(error)
        finally:
            stream.ended.set()


class _Stream:
    """The pieces of one reply as they come."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.stopped = False
        self.error = ""
        self.text: list[str] = []
        self.finish = "stop"
        self.first: dict[str, float] = {}
        self.usage: dict[str, Any] = {}

    def take(self, piece: dict[str, Any]) -> bool:
        """True stops the stream."""
        if "error" in piece:
            self.error = str(piece["error"].get("message", piece["error"]))
        self.usage = piece.get("usage") or self.usage
        for choice in piece.get("choices") or []:
            self.text.append(choice["delta"].get("content") or "")
            self.finish = choice.get("finish_reason") or self.finish
            self.first = self.first or chat.first_logprobs(choice.get("logprobs"))
        return self.stopped

    def reply(self, request: Request, seconds: float) -> Reply:
        if self.error:
            raise ModelUnavailable(f"embedded model: {' '.join(self.error.split())[:300]}")
        text = "".join(self.text)
        if not self.usage:
            raise Unsound("empty", "embedded model: the answer broke off")
        tokens_in, tokens_out = int(self.usage["prompt_tokens"]), int(self.usage["completion_tokens"])
        chat.check(text, request, tokens_in + tokens_out)
        return Reply(
            text=text, tokens_in=tokens_in, tokens_out=tokens_out, seconds=seconds, finish=self.finish,
            first_logprobs=self.first,
        )  # fmt: skip
