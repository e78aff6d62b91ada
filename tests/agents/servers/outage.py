"""An outage: a real server that is shut down and started again on the same port, and a clock that only waits move."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer

from tests.agents.servers.imitation import Imitation, _Handler

Event = Callable[[], None]
FASTER = 5000


class Switched:
    """A server by an imitation that can be switched off and on; its port stays its own."""

    def __init__(self, imitation: Imitation) -> None:
        self.imitation, self._server = imitation, None
        self._port = 0
        self.on()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def on(self) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", self._port), _Handler)
        server.daemon_threads = True
        server.imitation = self.imitation  # type: ignore[attr-defined]
        self._server: ThreadingHTTPServer | None = server
        self._port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def off(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Dial:
    """A clock whose hands are moved by sleeping, a few thousand times as fast as a real one: what takes real time
    meanwhile is not overtaken by hours. `at` does something once, so many seconds after now. Thread-safe."""

    def __init__(self) -> None:
        self._now, self._due = 1000.0, list[tuple[float, Event]]()
        self._lock = threading.RLock()

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / FASTER)
        with self._lock:  # others sleep on when what was due is done: a server needs real time to start
            self._now += seconds
            due = [event for at, event in self._due if at <= self._now]
            self._due = [(at, event) for at, event in self._due if at > self._now]
            for event in due:
                event()

    def at(self, seconds: float, event: Event) -> None:
        with self._lock:
            self._due.append((self._now + seconds, event))
