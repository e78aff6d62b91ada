"""Interprets a server's refusal: leave a field out, ask for fewer tokens, or give this prompt up. No I/O.

Every server words its refusals in its own way, so the wording only decides what is tried first: after a 400, a request
with a schema or log-probabilities is tried once without each in any case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from agents.models.call_faults import Cause

OPTIONAL = ("response_format", "top_logprobs", "logprobs", "seed", "stop", "temperature")
MIN_TOKENS = 64
MARGIN = 8
_ASKING = (400, 404, 415, 422, 501)
_ABOUT_REQUEST = (400, 422)
_SCHEMA_WORDS = ("response_format", "json_schema", "structured", "guided", "grammar", "schema")
_FILTERED = (
    "content_filter", "content filter", "content management policy", "content_policy", "content policy", "flagged",
    "moderation", "safety", "usage polic", "invalid_prompt", "prohibited", "inappropriate",
)  # fmt: skip
_BROKEN_OBJECT = ("json_validate_failed", "failed to generate json", "failed to validate json")
_THOUGHT = ("output limit was reached", "higher max_tokens", "higher max_completion_tokens")
_PAID = ("insufficient_quota", "insufficient credit", "insufficient balance", "insufficient funds", "out of credit")
_LENGTH = re.compile(
    r"context[ _-]?(?:length|window|size)|n_ctx|maximum tokens|too long|too large|too many tokens|tokens? limit"
    r"|exceeds? the max|max_new_tokens",
    re.IGNORECASE,
)
_N = r"`?(\d[\d,]*)"
_CONTEXT = (
    rf"context (?:length|window|size)(?: of| is|:)?\D{{0,12}}{_N}", rf"n_ctx\D{{1,5}}{_N}", rf"must be <= {_N}",
    rf"model with {_N} maximum context", rf"limit (?:of|is) {_N} tokens",
)  # fmt: skip
_PROMPT = (
    rf"{_N} (?:tokens )?(?:in the|in your|from the|of text|input|prompt|`inputs`)", rf"n_prompt_tokens\D{{1,5}}{_N}",
    rf"prompt (?:contains|has|is)\D{{0,20}}{_N}", rf"request \({_N} tokens",
)  # fmt: skip
_REQUESTED = (rf"requested (?:about )?{_N} tokens",)
_MOST = (
    rf"at most {_N} (?:completion|output)", rf"less than or equal to {_N}", rf"> {_N}, which is the maximum",
    rf"max(?:imum)?(?:_tokens| tokens| output)\D{{0,40}}(?:<=|at most|is|of|exceed) {_N}", rf"\[\d+, ?{_N}\]",
)  # fmt: skip
_LOGPROBS_MOST = (
    rf"(?:less than or equal to|at most|<=|maximum(?: value)?(?: is| of|:)?|between 0 and|up to|max of) {_N}",
)


class Change(NamedTuple):
    """Send the request again with another value of a field, or without it (None). The field `max_completion_tokens`
    means to send `max_tokens` under that name."""

    field: str
    value: int | None = None


def find_change(status: int, text: str, sent: Mapping[str, Any]) -> Change | None:
    """Return the change to the request that may help, None if nothing would."""
    lowered = text.lower()
    if status not in _ASKING or find_cause(status, text) is not None:
        return None
    if _is_renamed(lowered) and "max_tokens" in sent:
        return Change("max_completion_tokens")
    return _field_named(lowered, sent) or _fewer_tokens(text, sent) or _generic_change(status, sent)


def find_cause(status: int, text: str) -> Cause | None:
    """Return the class of a refusal that concerns this prompt or its answer only; None for any other refusal."""
    lowered = text.lower()
    if status in (400, 403, 422, 451) and any(word in lowered for word in _FILTERED):
        return "filtered"
    if any(word in lowered for word in _BROKEN_OBJECT):
        return "schema"
    if any(word in lowered for word in _THOUGHT):
        return "thoughts"
    return None


def is_too_long(status: int, text: str) -> bool:
    """Whether the prompt itself is too long."""
    return status in (*_ABOUT_REQUEST, 413, 500) and _LENGTH.search(text) is not None


def is_unpaid(text: str) -> bool:
    """Whether the refusal is about unpaid credit, which waiting doesn't resolve."""
    return any(word in text.lower() for word in _PAID)


def _is_renamed(lowered: str) -> bool:
    return "max_completion_tokens" in lowered and any(
        word in lowered for word in ("instead", "unsupported", "not supported")
    )


def _field_named(lowered: str, sent: Mapping[str, Any]) -> Change | None:
    """Return the change for the optional field that the refusal names."""
    if "response_format" in sent and any(word in lowered for word in _SCHEMA_WORDS):
        return Change("response_format")
    if "top_logprobs" in sent and ("logprob" in lowered or "log prob" in lowered):
        most = _number(_LOGPROBS_MOST, lowered)
        fewer = most is not None and 0 < most < sent["top_logprobs"]
        return Change("top_logprobs", most) if fewer else Change("logprobs")
    named = next((name for name in OPTIONAL if name in sent and name in lowered), None)
    return Change(named) if named else None


def _fewer_tokens(text: str, sent: Mapping[str, Any]) -> Change | None:
    """Return a smaller token limit if the refusal is about the length: what it says is left, else half."""
    field = "max_tokens" if "max_tokens" in sent else "max_completion_tokens"
    requested = int(sent.get(field, 0))
    tokens_left = _room(text, requested)
    return (
        Change(field, tokens_left)
        if tokens_left is not None and min(MIN_TOKENS, requested) <= tokens_left < requested
        else None
    )


def _room(text: str, wanted: int) -> int | None:
    context, prompt, requested = _number(_CONTEXT, text), _number(_PROMPT, text), _number(_REQUESTED, text)
    if context is not None and prompt is None and requested is not None:
        prompt = requested - wanted
    if context is not None and prompt is not None:
        return context - prompt - MARGIN
    most = _number(_MOST, text)
    if most is not None and most < wanted:
        return most
    return wanted // 2 if _LENGTH.search(text) else None


def _generic_change(status: int, sent: Mapping[str, Any]) -> Change | None:
    """Return a change that ignores the wording: without the schema, then without log-probabilities."""
    if status not in _ABOUT_REQUEST:
        return None
    return next((Change(name) for name in ("response_format", "logprobs") if name in sent), None)


def _number(patterns: tuple[str, ...], text: str) -> int | None:
    number_match = next((match for pattern in patterns if (match := re.search(pattern, text, re.IGNORECASE))), None)
    return int(number_match[1].replace(",", "")) if number_match else None
