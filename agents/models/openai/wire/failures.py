"""Converts an HTTP answer that is no reply into an exception of ours: for this prompt, for now, or for good. No I/O."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from agents.models.call_faults import TransientFailure, UnusableReply
from agents.models.openai.wire import envelope, losses, refusals
from pelagos.errors import ModelError, ModelUnavailable


def to_error(where: str, status: int, headers: Mapping[str, str], text: str, prompt_tokens: int = 0) -> ModelError:
    """Return the exception. `where` begins its message. Status 200 means an error in a body without a status of its
    own. `prompt_tokens` is the prompt's length, which may have been billed."""
    message = f"{where}: HTTP {status} {envelope.refusal_text(text)}".rstrip()
    cause = refusals.find_cause(status, text)
    if cause is not None:
        return UnusableReply(cause, message, losses.tokens_of_answer(status, text, prompt_tokens))
    if refusals.is_unpaid(text):
        return ModelUnavailable(message)
    if refusals.is_too_long(status, text):
        return UnusableReply("context", f"{message}: give the server a larger context, or take a model with one")
    if status == 429:
        return TransientFailure("rate_limited", message, _seconds(headers.get("retry-after", "")))
    if status >= 500 or status == 408:
        spent = losses.tokens_of_answer(status, text, prompt_tokens)
        return TransientFailure("server_error", message, _seconds(headers.get("retry-after", "")), spent)
    if status == 200:
        return UnusableReply("not_json", message, losses.tokens_of_answer(status, text, prompt_tokens))
    return ModelUnavailable(message)


def _seconds(header: str) -> float | None:
    """Return the seconds of a Retry-After header, which is a number of seconds or a date; None if it is neither."""
    try:
        seconds = float(header)
    except ValueError:
        seconds = _until(header)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return math.nan
    return moment.timestamp() - time.time()
