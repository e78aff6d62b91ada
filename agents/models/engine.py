"""llama.cpp's in-process server: loaded when it is first asked, again when it failed or when other cores are free.

One request is one stream, and no more are in flight than the engine has slots. A slot keeps its last prompt, so what is
stable should stand first; a displaced prompt comes back from memory. After a failure the next request begins with a
fresh engine; if that one fails as well, the failure is final.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from typing import Any

from agents.models import chat
from agents.models.faults import Transient, Unsound
from agents.models.protocol import Limit, Reply, Request
from agents.models.stream import Stream
from agents.models.threads import Watch
from agents.models.turns import Turns
from pelagos.errors import MissingPart, ModelTimeout, ModelUnavailable

ENDING = "embedded model: the process is ending"
ABANDONED_S = 10.0  # how long the end of the process waits for an engine that gave no sign of life
STREAMING = {
    "stream": True, "stream_options": {"include_usage": True}, "return_progress": True, "timings_per_token": True,
    "cache_prompt": True,
}  # fmt: skip


class Engine:
    """`load` makes an xllamacpp.Server with `slots` slots and a number of threads. Thread-safe."""

    def __init__(
        self, load: Callable[[int], Any], slots: int, threads: int, watch: Watch | None, say: Callable[[str], None]
    ) -> None:
        self._load, self._threads, self._watch, self._say = load, threads, watch, say
        self._turns = Turns(slots)
        self._lock = threading.Lock()
        self._server: Any = None
        self._sending: dict[Stream, threading.Thread] = {}
        self._abandoned: list[threading.Thread] = []
        self._failed = self._fresh = self._stopped = False
        atexit.register(self.stop)

    def complete(self, request: Request, limit: Limit) -> Reply:
        """The limits count from when the request has its slot, the deadline at any time.

        When the time is up the caller goes on at once, with the text so far where that can be used; the engine drops
        the request at its next piece. Raises ModelTimeout, ModelUnavailable, Unsound, and MissingPart where the
        weights can't be loaded at all.
        """
        stream = self._begun(request, limit)
        ending = stream.wait(limit)
        if ending == "ended":
            return self._finished(stream, request)
        stream.dropped = True
        if ending == "silent":
            self._abandon(stream)
        reply = stream.so_far(request)
        if reply is not None:
            return reply
        why = "the time is up" if ending == "late" else f"no sign of life for {limit.silence_s:g} s"
        raise ModelTimeout(f"embedded model: {why}", stream.tokens())

    def stop(self) -> None:
        """Drop what is in flight and wait for it: the process can't end while a thread is inside the engine."""
        with self._lock:
            self._stopped = True
            sending = dict(self._sending)
        for stream in sending:
            stream.dropped = True
        for worker in sending.values():
            worker.join()
        for worker in self._abandoned:
            worker.join(ABANDONED_S)

    def _begun(self, request: Request, limit: Limit) -> Stream:
        """The stream of a request that has its slot. Raises ModelTimeout where the deadline comes first."""
        left = None if limit.deadline is None else max(limit.deadline - time.monotonic(), 0.0)
        if not self._turns.take(left):
            raise ModelTimeout("embedded model: the time is up", 0)
        try:
            with self._lock:
                server = self._ready()
                stream = Stream()
                worker = threading.Thread(target=self._send, args=(server, request, stream), daemon=True)
                self._sending[stream] = worker
                worker.start()
        except BaseException:
            self._turns.give()
            raise
        return stream

    def _ready(self) -> Any:
        """The server for the next request. Holds the lock."""
        if self._stopped:
            raise ModelUnavailable(ENDING)
        alone = self._turns.held == 1
        if alone:
            self._look()
        if self._server is None or self._failed:
            self._reload()
        if self._watch and alone:
            self._watch.start()
        return self._server

    def _look(self) -> None:
        """Drop the engine if another number of threads is right. Nothing else is in flight."""
        threads = self._watch.change() if self._watch and self._server is not None else None
        if threads is None:
            return
        busier = "busier" if threads < self._threads else "less busy"
        self._say(f"the machine is {busier}: {threads} thread{'s' * (threads > 1)} instead of {self._threads}")
        self._threads = threads
        self._server = None

    def _reload(self) -> None:
        """Let go of the old server, whose threads end with it, and load one."""
        again, self._server = self._failed, None
        try:
            self._server = self._load(self._threads)
        except MissingPart as error:
            if not again:
                raise
            raise ModelUnavailable(f"{error} (again, after it had failed)") from None
        self._failed, self._fresh = False, again

    def _send(self, server: Any, request: Request, stream: Stream) -> None:
        error = ""
        try:
            server.handle_chat_completions(chat.body(request, "embedded") | STREAMING, stream.take)
        except (ValueError, RuntimeError) as raised:
            error = str(raised) or type(raised).__name__
        with self._lock:
            self._release(stream)
        stream.end(error)

    def _release(self, stream: Stream) -> threading.Thread | None:
        """Give the request's turn back, once. Holds the lock."""
        worker = self._sending.pop(stream, None)
        if worker is not None:
            if self._watch and self._turns.held == 1:
                self._watch.stop()
            self._turns.give()
        return worker

    def _finished(self, stream: Stream, request: Request) -> Reply:
        """The reply. A failure of the engine is worth one more try, with a fresh engine."""
        if stream.dropped:
            raise ModelUnavailable(ENDING)
        try:
            reply = stream.reply(request)
        except Unsound as error:
            if not stream.broken:
                raise
            with self._lock:
                self._failed, final = True, self._fresh
            said = f"{error}; the engine is loaded anew for the next request"
            raise (ModelUnavailable(said) if final else Transient("server_error", said)) from None
        self._fresh = False
        return reply

    def _abandon(self, stream: Stream) -> None:
        """Go on without an engine that gives no sign of life. Its memory is freed when it comes back, if it does."""
        with self._lock:
            self._failed = True
            worker = self._release(stream)
            self._abandoned += [worker] if worker else []
