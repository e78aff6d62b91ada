"""An answer that is no reply as an error of our tree: of this prompt, for now, or for good. No I/O."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from agents.models.faults import Transient, Unsound
from agents.models.wire import envelope, losses, refusals
from pelagos.errors import ModelError, ModelUnavailable


def failure(where: str, status: int, headers: Mapping[str, str], text: str, prompt_tokens: int = 0) -> ModelError:
    """`where` begins the message. Status 200: an error in a body that says no status of its own. `prompt_tokens` is
    the prompt's length, which may have been billed."""
    said = f"{where}: HTTP {status} {envelope.refusal(text)}".rstrip()
    cause = refusals.cause(status, text)
    if cause is not None:
        return Unsound(cause, said, losses.of_answer(status, text, prompt_tokens))
    if refusals.unpaid(text):
        return ModelUnavailable(said)
    if refusals.too_long(status, text):
        return Unsound("context", f"{said}: give the server a larger context, or take a model with one")
    if status == 429:
        return Transient("rate_limited", said, _seconds(headers.get("retry-after", "")))
    if status >= 500 or status == 408:
        spent = losses.of_answer(status, text, prompt_tokens)
        return Transient("server_error", said, _seconds(headers.get("retry-after", "")), spent)
    if status == 200:
        return Unsound("not_json", said, losses.of_answer(status, text, prompt_tokens))
    return ModelUnavailable(said)


def _seconds(header: str) -> float | None:
    """Of a Retry-After, which is a number of seconds or a date; None where it is neither."""
    try:
        seconds = float(header)
    except ValueError:
        seconds = _until(header)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(date: str) -> float:
    try:
        then = parsedate_to_datetime(date)
    except ValueError:
        return math.nan
    return then.timestamp() - time.time()
