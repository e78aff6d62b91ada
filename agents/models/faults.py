"""What goes wrong with a model call, in classes, and which of it is worth another try.

Both classes belong to the tree in pelagos/errors.py; they only add why, so that the ledger can count causes.
"""

from __future__ import annotations

from typing import Literal

from pelagos.errors import BadReply, ModelError, ModelTimeout, ModelUnavailable

Cause = Literal[
    "down", "rate_limited", "server_error", "timeout", "not_json", "empty", "nonsense", "schema", "refused",
    "thoughts", "filtered", "context", "cut",
]  # fmt: skip
OUTAGES = frozenset({"down", "rate_limited", "server_error"})
FINAL = frozenset({"refused", "filtered", "context", "cut"})


class Transient(ModelUnavailable):
    """Nothing answers, or not now. `retry_after` is what the server asked for, in seconds; `tokens` is what may have
    been spent on it, 0 where no model can have had it."""

    def __init__(self, cause: Cause, text: str, retry_after: float | None = None, tokens: int = 0) -> None:
        super().__init__(text)
        self.cause: Cause = cause
        self.retry_after = retry_after
        self.tokens = tokens


class Unsound(BadReply):
    """Something answered, but not with a reply. `tokens` is what it has spent on it, as far as it is known."""

    def __init__(self, cause: Cause, text: str, tokens: int = 0) -> None:
        super().__init__(text)
        self.cause: Cause = cause
        self.tokens = tokens


def cause_of(error: ModelError) -> Cause:
    if isinstance(error, Transient | Unsound):
        return error.cause
    return "timeout" if isinstance(error, ModelTimeout) else "refused"


def worth_retrying(error: ModelError) -> bool:
    """Not what was refused for good (a wrong key, an unknown model), nor a prompt that is filtered or too long."""
    return cause_of(error) not in FINAL


def is_outage(error: ModelError) -> bool:
    """Whether the server is away, out of order or overloaded: it may answer the same request later."""
    return cause_of(error) in OUTAGES
