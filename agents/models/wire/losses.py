"""What an answer that is no reply has cost, in tokens: what it says itself, else an estimate. No I/O.

A request that no model can have had costs nothing: one that was refused or turned away. A server that failed may have
read the prompt, and what came of an answer was written.
"""

from __future__ import annotations

from typing import Any

from agents.models.wire import envelope, refusals

CHARS_PER_TOKEN = 4
SPENT = ("schema", "thoughts")  # refusals of an answer, which a model has written


def of_answer(status: int, text: str, prompt_tokens: int) -> int:
    """Of a whole answer with this status and body."""
    told = _told(text)
    if told is not None:
        return told
    if status == 200 or status == 408 or status >= 500 or refusals.cause(status, text) in SPENT:
        return prompt_tokens
    return 0


def of_text(text: str, prompt_tokens: int) -> int:
    """Of an answer that can't be read, or that broke off: the prompt and what came."""
    told = _told(text)
    return prompt_tokens + len(text) // CHARS_PER_TOKEN if told is None else told


def _told(text: str) -> int | None:
    """Tokens by the usage in a body; None where there is none that can be read."""
    try:
        data = envelope.opened(text)
    except (ValueError, TypeError, AttributeError):
        return None
    usage: Any = data.get("usage") if isinstance(data, dict) else None
    counts = [usage.get("prompt_tokens"), usage.get("completion_tokens")] if isinstance(usage, dict) else []
    known = [int(one) for one in counts if isinstance(one, int | float) and not isinstance(one, bool) and one > 0]
    return sum(known) if known else None
