"""Retries with exponential backoff, within a bound. It doesn't record or price: the caller is told of every fault."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from agents.models.call_faults import TransientFailure, worth_retrying
from pelagos.errors import ModelError

R = TypeVar("R")

MAX_WAIT_S = 60.0


@dataclass(frozen=True)
class RetryPolicy:
    """At most `retries` tries after the first. Waits double from `first_wait_s`, plus a random part of up to one half.
    A server that asks for a pause of more than `longest_asked_s` is not tried again here."""

    retries: int = 3
    first_wait_s: float = 0.5
    sleep: Callable[[float], None] = time.sleep
    longest_asked_s: float = math.inf

    def wait_s(self, attempt: int, error: ModelError) -> float:
        """Return the seconds before the next try: what the server asked for, else the backoff; a minute at most."""
        retry_after = error.retry_after if isinstance(error, TransientFailure) else None
        backoff = self.first_wait_s * 2**attempt * random.uniform(1.0, 1.5)
        return min(MAX_WAIT_S, backoff if retry_after is None else max(retry_after, 0.0))


def call_with_retries(send: Callable[[int], R], policy: RetryPolicy, on_fault: Callable[[int, ModelError], None]) -> R:
    """Call `send(attempt)` until it returns. Raises its last ModelError when no tries are left or a retry can't
    help."""
    for attempt in range(policy.retries + 1):
        try:
            return send(attempt)
        except ModelError as error:
            on_fault(attempt, error)
            retry_after = error.retry_after if isinstance(error, TransientFailure) else None
            if attempt == policy.retries or not worth_retrying(error) or (retry_after or 0.0) > policy.longest_asked_s:
                raise
            policy.sleep(policy.wait_s(attempt, error))
    raise AssertionError("the number of retries is negative")
