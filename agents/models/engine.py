"""Requests into llama.cpp's in-process server and replies out of it, with a wall-clock limit for each.

Requests that differ only in sample and seed and come together are sent as one with several choices: the engine then
reads their common prompt once (reading costs as much as writing here). Different ones are decoded as one batch, one
slot each. A slot keeps its last prompt, so what is stable should stand first. Requests for one token are nothing but
reading: they go one at a time, so that the slot that has read their common start serves them all.
"""

from __future__ import annotations

import atexit
import threading
import time
from contextlib import nullcontext
from typing import Any

from agents.models import chat
from agents.models.faults import Unsound
from agents.models.protocol import Reply, Request
from agents.models.recorded import fingerprint
from agents.models.stream import Stream
from pelagos.errors import ModelTimeout, ModelUnavailable

ENDING = "embedded model: the process is ending"
GATHER_S = 0.05
STREAMING = {"stream": True, "stream_options": {"include_usage": True}, "return_progress": True, "cache_prompt": True}


class Engine:
    """`server` is an xllamacpp.Server with `parallel` slots. Thread-safe."""

    def __init__(self, server: Any, parallel: int) -> None:
        self._server = server
        self.parallel = parallel
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._open: dict[str, Stream] = {}
        self._sending: dict[Stream, threading.Thread] = {}
        self._stopped = False
        atexit.register(self.stop)

    def complete(self, request: Request, timeout: float) -> Reply:
        """Raises ModelTimeout, ModelUnavailable for what is refused for good, Unsound for an empty answer.

        When the time is up the caller goes on at once; the engine drops the request at its next piece.
        """
        with self._reading if request.max_tokens == 1 else nullcontext():
            return self._completed(request, timeout)

    def _completed(self, request: Request, timeout: float) -> Reply:
        began = time.monotonic()
        stream, place = self._join(request)
        try:
            if not stream.ended.wait(timeout):
                raise ModelTimeout(f"embedded model: no whole answer within {timeout:g} s")
        finally:
            stream.leave()
        if stream.dropped:
            raise ModelUnavailable(ENDING)
        text, finish, first, usage = stream.choice(place)
        if not usage:
            raise Unsound("empty", "embedded model: the answer broke off")
        tokens_in, tokens_out = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
        chat.check(text, request, tokens_in + tokens_out)
        seconds = time.monotonic() - began
        return Reply(
            text=text, tokens_in=tokens_in, tokens_out=tokens_out, seconds=seconds, finish=finish, first_logprobs=first
        )

    def stop(self) -> None:
        """Drop what is in flight and wait for it: the process can't end while a thread is inside the engine."""
        with self._lock:
            self._stopped = True
            sending = dict(self._sending)
        for stream in sending:
            stream.dropped = True
        for worker in sending.values():
            worker.join()

    def _join(self, request: Request) -> tuple[Stream, int]:
        """The stream that answers `request` and the place of its choice there; a new one where none is open."""
        alike = fingerprint(request.model_copy(update={"sample": 0, "seed": 0}))
        with self._lock:
            if self._stopped:
                raise ModelUnavailable(ENDING)
            stream = self._open.get(alike)
            if stream is not None:
                place = stream.enter()
                if stream.members == self.parallel:
                    del self._open[alike]
                return stream, place
            stream = Stream()
            if request.temperature > 0 and self.parallel > 1:
                self._open[alike] = stream
            place = stream.enter()
            worker = threading.Thread(target=self._send, args=(request, alike, stream), daemon=True)
            self._sending[stream] = worker
        worker.start()
        return stream, place

    def _send(self, request: Request, alike: str, stream: Stream) -> None:
        if request.temperature > 0 and self.parallel > 1:
            time.sleep(GATHER_S)
        with self._lock:
            if self._open.get(alike) is stream:
                del self._open[alike]
            asked = chat.body(request, "embedded") | STREAMING | {"n": stream.members}
        try:
            self._server.handle_chat_completions(asked, stream.take)
        except (ValueError, RuntimeError) as error:
            stream.error = str(error)
        finally:
            stream.ended.set()
            with self._lock:
                del self._sending[stream]
