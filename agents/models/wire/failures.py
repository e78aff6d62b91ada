"""An answer that is no reply as an error of our tree: of this prompt, for now, or for good. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from agents.models.faults import Transient, Unsound
from agents.models.wire import envelope, refusals
from pelagos.errors import ModelError, ModelUnavailable


def failure(where: str, status: int, headers: Mapping[str, str], text: str) -> ModelError:
    """`where` begins the message. Status 200: an error in a body that says no status of its own."""
    said = f"{where}: HTTP {status} {envelope.refusal(text)}".rstrip()
    cause = refusals.cause(status, text)
    if cause is not None:
        return Unsound(cause, said)
    if refusals.unpaid(text):
        return ModelUnavailable(said)
    if refusals.too_long(status, text):
        return Unsound("context", f"{said}: give the server a larger context, or take a model with one")
    if status == 429:
        return Transient("rate_limited", said, _seconds(headers.get("retry-after", "")))
    if status >= 500 or status == 408:
        return Transient("server_error", said, _seconds(headers.get("retry-after", "")))
    return Unsound("not_json", said) if status == 200 else ModelUnavailable(said)


def _seconds(header: str) -> float | None:
    try:
        return float(header)
    except ValueError:
        return None
