"""Bounded retries with backoff. It neither records nor prices: the caller is told of every fault."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from agents.models.faults import Transient, worth_retrying
from pelagos.errors import ModelError

R = TypeVar("R")

LONGEST_WAIT_S = 60.0


@dataclass(frozen=True)
class Patience:
    """At most `retries` tries after the first; waits double from `first_wait_s`, with up to a half more by chance. A
    server that asks for more than `longest_asked_s` is not asked again here."""

    retries: int = 3
    first_wait_s: float = 0.5
    sleep: Callable[[float], None] = time.sleep
    longest_asked_s: float = math.inf

    def wait(self, attempt: int, error: ModelError) -> float:
        """Seconds before the next try: what the server asked for, if it did, and never more than a minute."""
        asked = error.retry_after if isinstance(error, Transient) else None
        own = self.first_wait_s * 2**attempt * random.uniform(1.0, 1.5)
        return min(LONGEST_WAIT_S, own if asked is None else max(asked, 0.0))


def persist(send: Callable[[int], R], patience: Patience, on_fault: Callable[[int, ModelError], None]) -> R:
    """`send(attempt)` until it replies. Raises its last ModelError when the tries are used up or it is final."""
    for attempt in range(patience.retries + 1):
        try:
            return send(attempt)
        except ModelError as error:
            on_fault(attempt, error)
            asked = error.retry_after if isinstance(error, Transient) else None
            if attempt == patience.retries or not worth_retrying(error) or (asked or 0.0) > patience.longest_asked_s:
                raise
            patience.sleep(patience.wait(attempt, error))
    raise AssertionError("a negative number of retries is no Patience")
