"""Sends spans over OTLP/HTTP by OpenTelemetry's own exporter, in its own thread and from a bounded queue.

A collector that is slow, away or answers without end holds up nothing but that thread: what doesn't fit is dropped.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from agents.telemetry.names import SERVICE
from pelagos import __version__

QUEUE, BATCH, DELAY_MS = 2048, 256, 1000
MAX_ANSWER = 65_536
"""Bytes that are read of a collector's answer, of which nothing is needed."""
LOGGER = "opentelemetry"


class _BriefSession(requests.Session):
    """Reads no more than the beginning of an answer."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        response = super().send(request, **{**kwargs, "stream": True})
        response._content = response.raw.read(MAX_ANSWER)
        response.close()
        return response


class _FirstFault(logging.Handler):
    """Reports the exporter's first error; all of them stay out of the terminal."""

    def __init__(self, report: Callable[[], None]) -> None:
        super().__init__(logging.ERROR)
        self._report: Callable[[], None] | None = report

    def emit(self, record: logging.LogRecord) -> None:
        report, self._report = self._report, None
        if report is not None:
            report()

    def mute(self) -> None:
        self._report = None


class SpanExport:
    """`provider` makes the tracer. `report` is called once, in the exporter's thread, when spans can't be sent."""

    def __init__(self, report: Callable[[], None]) -> None:
        self.provider = TracerProvider(resource=_make_resource(), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(session=_BriefSession())
        self.provider.add_span_processor(
            BatchSpanProcessor(exporter, QUEUE, schedule_delay_millis=DELAY_MS, max_export_batch_size=BATCH)
        )
        self._faults = _FirstFault(report)
        self._logger = logging.getLogger(LOGGER)
        self._logger.addHandler(self._faults)
        self._logger.propagate = False

    def mute(self) -> None:
        """Report nothing from now on."""
        self._faults.mute()

    def shut_down(self) -> None:
        """Send what is left. It may take as long as the collector's time-out."""
        self.provider.shutdown()
        self._logger.removeHandler(self._faults)


def _make_resource() -> Resource:
    """Return the resource; the standard variables may name the service otherwise."""
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {"service.version": __version__} if named else {"service.name": SERVICE, "service.version": __version__}
    return Resource.create(own)
