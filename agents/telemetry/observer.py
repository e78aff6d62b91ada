"""Watches a run's ledger and has spans made of its events, in a thread of its own.

The watcher puts an event into a bounded queue and is done; where the queue is full, the event is lost for telemetry and
for nothing else. At the end the run waits a few seconds for what is left to be sent, whatever the collector does.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from agents.notes import note
from agents.telemetry.switch import find_other_protocol, is_on, wants_messages
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Event, Ledger
from pelagos.errors import PelagosError

if TYPE_CHECKING:
    from agents.telemetry.export import SpanExport
    from agents.telemetry.spans import RunSpans

MAX_EVENTS = 4096
CLOSE_S = 3.0
"""Longest wait at the end of a drive."""


@contextmanager
def observe(ledger: Ledger, folder: Path) -> Iterator[None]:
    """Watch the ledger of the run in `folder` while the context is open, if the standard variables ask for it. What
    keeps telemetry from working is a note of the run, no error."""
    if not is_on(os.environ):
        yield
        return
    if fault := _find_fault():
        note(ledger, f"telemetry: {fault}")
        yield
        return
    observer = _Observer(ledger, folder)
    try:
        yield
    finally:
        observer.close()


def _find_fault() -> str:
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        return "nothing is sent: pip install 'pelagos[telemetry]'"
    if protocol := find_other_protocol(os.environ):
        return f"nothing is sent: the protocol {protocol} isn't spoken, only http/protobuf"
    return ""


class _Observer:
    def __init__(self, ledger: Ledger, folder: Path) -> None:
        from agents.telemetry.export import SpanExport
        from agents.telemetry.spans import RunSpans

        self._lost, self._ledger = 0, ledger
        self._events: queue.Queue[Event | None] = queue.Queue(MAX_EVENTS)
        self._export = SpanExport(self._report_silence)
        artifacts = ArtifactStore(folder / "artifacts")
        spans = RunSpans(
            self._export.provider.get_tracer("pelagos"),
            folder.resolve().name,
            time.time(),
            artifacts.json if wants_messages(os.environ) else None,
        )
        self._kinds = spans.kinds
        self._thread = threading.Thread(target=self._work, args=(spans, self._export), daemon=True, name="telemetry")
        self._thread.start()
        self._open = True
        ledger.watch(self._take)

    def close(self) -> None:
        """End all spans and send them, in `CLOSE_S` seconds at most."""
        self._open = False
        self._export.mute()
        try:
            self._events.put(None, timeout=CLOSE_S)
        except queue.Full:
            return
        self._thread.join(CLOSE_S)

    def _take(self, event: Event) -> None:
        if not self._open or event.kind not in self._kinds:
            return
        try:
            self._events.put_nowait(event)
        except queue.Full:
            self._lost += 1

    def _work(self, spans: RunSpans, export: SpanExport) -> None:
        while (event := self._events.get()) is not None:
            spans.fold(event)
        spans.close(self._lost)
        export.shut_down()

    def _report_silence(self) -> None:
        with suppress(PelagosError):
            note(self._ledger, "telemetry: the collector takes no spans; they are dropped, and the run goes on")
