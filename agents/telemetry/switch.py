"""Says by the standard variables whether traces are wanted. It imports nothing of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP_PROTOBUF = "http/protobuf"
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
CAPTURE_WORDS = frozenset({"true", "1", "span_only", "span_and_event"})


def is_on(environ: Mapping[str, str]) -> bool:
    """Whether an endpoint is named, and neither the SDK nor the exporter of traces is turned off."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() == "none":
        return False
    return any(environ.get(name, "").strip() for name in ENDPOINTS)


def wants_messages(environ: Mapping[str, str]) -> bool:
    """Whether prompts and replies are to be sent as well. They never are unasked."""
    return environ.get(CAPTURE, "").strip().lower() in CAPTURE_WORDS


def find_other_protocol(environ: Mapping[str, str]) -> str:
    """Return the protocol that is asked for and that isn't spoken here, "" where it is."""
    asked = next((environ[name].strip() for name in PROTOCOLS if environ.get(name, "").strip()), HTTP_PROTOBUF)
    return "" if asked == HTTP_PROTOBUF else asked
