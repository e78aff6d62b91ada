"""Estimates the tokens that a failed request cost: those that its answer reports, else an estimate. No I/O.

A request that no model can have received, since it was refused or turned away, costs nothing. A server that failed may
have read the prompt, and any text that arrived was written.
"""

from __future__ import annotations

from typing import Any

from agents.models.openai.wire import envelope, refusals

CHARS_PER_TOKEN = 4
SPENT = ("schema", "thoughts")  # refusals of an answer that the model had written


def tokens_of_answer(status: int, text: str, prompt_tokens: int) -> int:
    """Return the tokens that a complete answer with this status and body cost."""
    reported = _reported_tokens(text)
    if reported is not None:
        return reported
    if status == 200 or status == 408 or status >= 500 or refusals.find_cause(status, text) in SPENT:
        return prompt_tokens
    return 0


def tokens_of_text(text: str, prompt_tokens: int) -> int:
    """Return the tokens that an unreadable or broken-off answer cost: the prompt and the text that arrived."""
    reported = _reported_tokens(text)
    return prompt_tokens + len(text) // CHARS_PER_TOKEN if reported is None else reported


def _reported_tokens(text: str) -> int | None:
    """Return the tokens by the `usage` in a body, None if there is none that can be read."""
    try:
        data = envelope.parse_body(text)
    except (ValueError, TypeError, AttributeError):
        return None
    usage: Any = data.get("usage") if isinstance(data, dict) else None
    counts = [usage.get("prompt_tokens"), usage.get("completion_tokens")] if isinstance(usage, dict) else []
    positive = [
        int(count) for count in counts if isinstance(count, int | float) and not isinstance(count, bool) and count > 0
    ]
    return sum(positive) if positive else None
