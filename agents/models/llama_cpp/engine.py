"""Runs llama.cpp's in-process server. It loads at the first request, and again after a failure or a change of load.

One request is one stream, and at most as many are in flight as the engine has slots. A slot caches its last prompt, so
the stable part of a prompt should come first; a displaced prompt is restored from memory. After a failure the next
request loads a fresh engine; if that one fails as well, the failure is final.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from typing import Any

from agents.models.call_faults import TransientFailure, UnusableReply
from agents.models.llama_cpp.fifo_semaphore import FifoSemaphore
from agents.models.llama_cpp.threads import LoadMonitor
from agents.models.openai import chat
from agents.models.openai.stream import Stream
from agents.models.protocol import Reply, Request, TimeLimit
from pelagos.errors import MissingPart, ModelTimeout, ModelUnavailable

ENDING = "embedded model: the process is ending"
ABANDONED_S = 10.0  # how long the process's end waits for an engine that stopped responding
STREAMING = {
    "stream": True, "stream_options": {"include_usage": True}, "return_progress": True, "timings_per_token": True,
    "cache_prompt": True,
}  # fmt: skip


class Engine:
    """`load` creates an xllamacpp.Server with `slots` slots and the given number of threads. Thread-safe."""

    def __init__(
        self,
        load: Callable[[int], Any],
        slots: int,
        threads: int,
        monitor: LoadMonitor | None,
        say: Callable[[str], None],
    ) -> None:
        self._load, self._threads, self._monitor, self._say = load, threads, monitor, say
        self._semaphore = FifoSemaphore(slots)
        self._lock = threading.Lock()
        self._server: Any = None
        self._sending: dict[Stream, threading.Thread] = {}
        self._abandoned: list[threading.Thread] = []
        self._failed = self._fresh = self._stopped = False
        atexit.register(self.stop)

    def complete(self, request: Request, limit: TimeLimit) -> Reply:
        """Return the reply. `silence_s` counts from when the request has its slot; the deadline always holds.

        When the time is up the call returns at once, with the text so far if that is usable; the engine drops the
        request at its next piece. Raises ModelTimeout, ModelUnavailable, UnusableReply, and MissingPart if the weights
        can't be loaded at all.
        """
        stream = self._start_stream(request, limit)
        ending = stream.wait(limit)
        if ending == "ended":
            return self._finish(stream, request)
        stream.dropped = True
        if ending == "silent":
            self._abandon(stream)
        reply = stream.partial_reply(request)
        if reply is not None:
            return reply
        reason = "the time is up" if ending == "late" else f"no sign of life for {limit.silence_s:g} s"
        raise ModelTimeout(f"embedded model: {reason}", stream.tokens())

    def stop(self) -> None:
        """Drop the requests in flight and wait for them: the process can't end while a thread is inside the engine."""
        with self._lock:
            self._stopped = True
            sending = dict(self._sending)
        for stream in sending:
            stream.dropped = True
        for worker in sending.values():
            worker.join()
        for worker in self._abandoned:
            worker.join(ABANDONED_S)

    def _start_stream(self, request: Request, limit: TimeLimit) -> Stream:
        """Wait for a slot and start the request; return its stream. Raises ModelTimeout if the deadline comes first."""
        timeout_s = None if limit.deadline is None else max(limit.deadline - time.monotonic(), 0.0)
        if not self._semaphore.acquire(timeout_s):
            raise ModelTimeout("embedded model: the time is up", 0)
        try:
            with self._lock:
                server = self._ready_server()
                stream = Stream()
                worker = threading.Thread(target=self._send, args=(server, request, stream), daemon=True)
                self._sending[stream] = worker
                worker.start()
        except BaseException:
            self._semaphore.release()
            raise
        return stream

    def _ready_server(self) -> Any:
        """Return the server for the next request. The caller holds the lock."""
        if self._stopped:
            raise ModelUnavailable(ENDING)
        alone = self._semaphore.held == 1
        if alone:
            self._drop_if_load_changed()
        if self._server is None or self._failed:
            self._reload()
        if self._monitor and alone:
            self._monitor.start()
        return self._server

    def _drop_if_load_changed(self) -> None:
        """Drop the engine if the load calls for another number of threads. Nothing else is in flight."""
        threads = self._monitor.new_thread_count() if self._monitor and self._server is not None else None
        if threads is None:
            return
        busier = "busier" if threads < self._threads else "less busy"
        self._say(f"the machine is {busier}: {threads} thread{'s' * (threads > 1)} instead of {self._threads}")
        self._threads = threads
        self._server = None

    def _reload(self) -> None:
        """Release the old server, whose threads end with it, and load a new one."""
        had_failed, self._server = self._failed, None
        try:
            self._server = self._load(self._threads)
        except MissingPart as error:
            if not had_failed:
                raise
            raise ModelUnavailable(f"{error} (for the second time, after a failure)") from None
        self._failed, self._fresh = False, had_failed

    def _send(self, server: Any, request: Request, stream: Stream) -> None:
        error = ""
        try:
            server.handle_chat_completions(chat.request_body(request, "embedded") | STREAMING, stream.add_piece)
        except (ValueError, RuntimeError) as raised:
            error = str(raised) or type(raised).__name__
        with self._lock:
            self._release(stream)
        stream.end(error)

    def _release(self, stream: Stream) -> threading.Thread | None:
        """Release the request's slot, once; return its thread. The caller holds the lock."""
        worker = self._sending.pop(stream, None)
        if worker is not None:
            if self._monitor and self._semaphore.held == 1:
                self._monitor.stop()
            self._semaphore.release()
        return worker

    def _finish(self, stream: Stream, request: Request) -> Reply:
        """Return the reply. A failure of the engine is worth one more try, with a fresh engine."""
        if stream.dropped:
            raise ModelUnavailable(ENDING)
        try:
            reply = stream.reply(request)
        except UnusableReply as error:
            if not stream.broken:
                raise
            with self._lock:
                self._failed, is_final = True, self._fresh
            message = f"{error}; the engine is loaded anew for the next request"
            raise (ModelUnavailable(message) if is_final else TransientFailure("server_error", message)) from None
        self._fresh = False
        return reply

    def _abandon(self, stream: Stream) -> None:
        """Give up on an engine that stopped responding. Its memory is freed if it ever returns."""
        with self._lock:
            self._failed = True
            worker = self._release(stream)
            self._abandoned += [worker] if worker else []
