"""Estimates how fast a model reads and writes here, from its last replies."""

from __future__ import annotations

import threading
from collections import deque

from agents.models.protocol import Reply
from memory.ledger.ledger import Reader
from pelagos.facts.calls import Call

REPLIES = 12
MIN_TOKENS = 8  # a reply or a prompt with fewer tokens takes mostly overhead and isn't counted
UNMEASURED_FACTOR = 3.0  # factor on the time limit while nothing was measured
LIMIT_FACTOR = 4.0  # factor on the time that the measured speed predicts


class Speed:
    """Tokens per second of one model: total tokens over total seconds of its last `REPLIES` replies. A speed is None
    before it was measured. Thread-safe."""

    def __init__(self) -> None:
        self._read: deque[tuple[int, float]] = deque(maxlen=REPLIES)
        self._written: deque[tuple[int, float]] = deque(maxlen=REPLIES)
        self._timed_out = False
        self._lock = threading.Lock()

    @classmethod
    def from_ledger(cls, ledger: Reader, spec: str) -> Speed:
        """Return the speed of the model `spec` by the replies in the ledger. Facts of older versions, which have no
        timings, don't count."""
        speed = cls()
        for call in ledger.facts(Call).values():
            if call.spec == spec:
                speed.add_reply(call)
        return speed

    def add_reply(self, reply: Call | Reply) -> None:
        with self._lock:
            if reply.tokens_read >= MIN_TOKENS and reply.read_s > 0:
                self._read.append((reply.tokens_read, reply.read_s))
            if reply.tokens_out >= MIN_TOKENS and reply.write_s > 0:
                self._written.append((reply.tokens_out, reply.write_s))

    def note_timeout(self) -> None:
        """A call timed out: the generous first limit no longer applies."""
        self._timed_out = True

    @property
    def reading(self) -> float | None:
        return self._rate(self._read)

    @property
    def writing(self) -> float | None:
        return self._rate(self._written)

    def expected_s(self, tokens_to_read: int, max_tokens: int) -> float | None:
        """Return the seconds for a call that writes `max_tokens`; None if unknown. Where reading time isn't measured
        separately, the writing speed includes it."""
        reading, writing = self.reading, self.writing
        if writing is None:
            return tokens_to_read / reading if reading and max_tokens == 1 else None
        return max_tokens / writing + (tokens_to_read / reading if reading else 0.0)

    def answer_limit_s(self, timeout_s: float, tokens_to_read: int, max_tokens: int) -> float:
        """Return how long a whole answer may take: `LIMIT_FACTOR` times the expected seconds, at least `timeout_s`."""
        expected = self.expected_s(tokens_to_read, max_tokens)
        if expected is not None:
            return max(timeout_s, LIMIT_FACTOR * expected)
        return timeout_s if self._timed_out else UNMEASURED_FACTOR * timeout_s

    def _rate(self, counted: deque[tuple[int, float]]) -> float | None:
        with self._lock:
            seconds = sum(spent for _, spent in counted)
            return sum(tokens for tokens, _ in counted) / seconds if seconds else None
