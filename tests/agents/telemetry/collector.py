"""A real OTLP/HTTP collector: an HTTP server that decodes what it gets. It may also answer badly."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Manner = Literal["good", "silent", "flooding"]


class Collector(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, manner: Manner) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manner, self.requests, self.over = manner, list[ExportTraceServiceRequest](), threading.Event()
        self.raw = b""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.raw += body
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        assert self.path == "/v1/traces"
        if self.server.manner == "silent":
            self.server.over.wait(60)
            return
        self.send_response(200)
        self.end_headers()
        until = time.monotonic() + 60
        with contextlib.suppress(OSError):
            while self.server.manner == "flooding" and time.monotonic() < until and not self.server.over.is_set():
                self.wfile.write(b"x" * 65_536)

    def log_message(self, *args: object) -> None: ...


@contextlib.contextmanager
def collecting(manner: Manner = "good") -> Iterator[Collector]:
    with Collector(manner) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def read_attributes(span: Any) -> dict[str, Any]:
    def value(any_value: Any) -> Any:
        kind = any_value.WhichOneof("value")
        if kind == "array_value":
            return [value(item) for item in any_value.array_value.values]
        return getattr(any_value, kind)

    return {attribute.key: value(attribute.value) for attribute in span.attributes}
