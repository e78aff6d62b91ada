"""What a server's refusal asks for: to leave a field out, to ask for less, or to give this prompt up. No I/O.

Every server words its refusals in its own way, so wording only decides what is tried first: a 400 to a request with a
schema or with log-probabilities is tried once without them in any case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from agents.models.faults import Cause

OPTIONAL = ("response_format", "top_logprobs", "logprobs", "seed", "stop", "temperature")
LEAST_TOKENS = 64
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
    """Send it again with another value of a field, or without it (None). `max_completion_tokens`: by that name."""

    field: str
    value: int | None = None


def change(status: int, text: str, sent: Mapping[str, Any]) -> Change | None:
    """What to send otherwise, or None: nothing would help."""
    said = text.lower()
    if status not in _ASKING or cause(status, text) is not None:
        return None
    if _renamed(said) and "max_tokens" in sent:
        return Change("max_completion_tokens")
    return _named(said, sent) or _less(text, sent) or _tried(status, sent)


def cause(status: int, text: str) -> Cause | None:
    """The class of a refusal of one prompt or of its answer, which says nothing of the next; None: it is none."""
    said = text.lower()
    if status in (400, 403, 422, 451) and any(word in said for word in _FILTERED):
        return "filtered"
    if any(word in said for word in _BROKEN_OBJECT):
        return "schema"
    if any(word in said for word in _THOUGHT):
        return "thoughts"
    return None


def too_long(status: int, text: str) -> bool:
    """Whether the prompt itself has no room."""
    return status in (*_ABOUT_REQUEST, 413, 500) and _LENGTH.search(text) is not None


def unpaid(text: str) -> bool:
    """Whether a limit is one of money, which no waiting lifts."""
    return any(word in text.lower() for word in _PAID)


def _renamed(said: str) -> bool:
    return "max_completion_tokens" in said and any(word in said for word in ("instead", "unsupported", "not supported"))


def _named(said: str, sent: Mapping[str, Any]) -> Change | None:
    """The optional field that the refusal is about."""
    if "response_format" in sent and any(word in said for word in _SCHEMA_WORDS):
        return Change("response_format")
    if "top_logprobs" in sent and ("logprob" in said or "log prob" in said):
        most = _number(_LOGPROBS_MOST, said)
        fewer = most is not None and 0 < most < sent["top_logprobs"]
        return Change("top_logprobs", most) if fewer else Change("logprobs")
    named = next((name for name in OPTIONAL if name in sent and name in said), None)
    return Change(named) if named else None


def _less(text: str, sent: Mapping[str, Any]) -> Change | None:
    """Fewer tokens, where the refusal is about the length: what is left by its words, else half of them."""
    field = "max_tokens" if "max_tokens" in sent else "max_completion_tokens"
    asked = int(sent.get(field, 0))
    room = _room(text, asked)
    return Change(field, room) if room is not None and min(LEAST_TOKENS, asked) <= room < asked else None


def _room(text: str, asked: int) -> int | None:
    context, prompt, requested = _number(_CONTEXT, text), _number(_PROMPT, text), _number(_REQUESTED, text)
    if context is not None and prompt is None and requested is not None:
        prompt = requested - asked
    if context is not None and prompt is not None:
        return context - prompt - MARGIN
    most = _number(_MOST, text)
    if most is not None and most < asked:
        return most
    return asked // 2 if _LENGTH.search(text) else None


def _tried(status: int, sent: Mapping[str, Any]) -> Change | None:
    """Whatever it said: without the schema, then without log-probabilities."""
    if status not in _ABOUT_REQUEST:
        return None
    return next((Change(name) for name in ("response_format", "logprobs") if name in sent), None)


def _number(patterns: tuple[str, ...], text: str) -> int | None:
    found = next((match for pattern in patterns if (match := re.search(pattern, text, re.IGNORECASE))), None)
    return int(found[1].replace(",", "")) if found else None
