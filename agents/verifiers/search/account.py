"""One account of what a search spends: policy, verifier and executed checks together."""

from __future__ import annotations

from agents.verifiers.protocol import Usage


class Account:
    """`limit` is in tokens, policy and verifier together; None: no limit. A batch in progress is finished, so a limit
    can be exceeded by one batch."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.policy, self.verifier = Usage(), Usage()

    @property
    def usage(self) -> Usage:
        return self.policy + self.verifier

    @property
    def exhausted(self) -> bool:
        return self.limit is not None and self.usage.tokens >= self.limit
