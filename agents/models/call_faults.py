"""Classifies the failures of model calls and says which are worth another try.

Both classes belong to the exception tree in pelagos/errors.py; they add the cause, so that the ledger can count causes.
"""

from __future__ import annotations

from typing import Literal

from pelagos.errors import BadReply, ModelError, ModelTimeout, ModelUnavailable

# "not_json" is a body of the server that is no completion; a text of the model that does not fit is "schema"
Cause = Literal[
    "down", "rate_limited", "server_error", "timeout", "not_json", "empty", "nonsense", "schema", "refused",
    "thoughts", "filtered", "context", "cut",
]  # fmt: skip
OUTAGES = frozenset({"down", "rate_limited", "server_error"})
FINAL = frozenset({"refused", "filtered", "context", "cut"})


class TransientFailure(ModelUnavailable):
    """The server doesn't answer, or not now. `retry_after` is the pause that the server asked for, in seconds; `tokens`
    is what the call may have cost, 0 if no model can have received it."""

    def __init__(self, cause: Cause, text: str, retry_after: float | None = None, tokens: int = 0) -> None:
        super().__init__(text)
        self.cause: Cause = cause
        self.retry_after = retry_after
        self.tokens = tokens


class UnusableReply(BadReply):
    """The server answered, but not with a usable reply. `tokens` is what the call cost, as far as it is known."""

    def __init__(self, cause: Cause, text: str, tokens: int = 0) -> None:
        super().__init__(text)
        self.cause: Cause = cause
        self.tokens = tokens


def cause_of(error: ModelError) -> Cause:
    if isinstance(error, TransientFailure | UnusableReply):
        return error.cause
    return "timeout" if isinstance(error, ModelTimeout) else "refused"


def worth_retrying(error: ModelError) -> bool:
    """Whether a retry can help. It can't after a final refusal (a wrong key, an unknown model), nor for a prompt that
    is filtered or too long."""
    return cause_of(error) not in FINAL


def is_outage(error: ModelError) -> bool:
    """Whether the server is unreachable, failing or overloaded, and may answer the same request later."""
    return cause_of(error) in OUTAGES
