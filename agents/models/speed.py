"""How fast a model reads and writes here, estimated from its last replies."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from memory.ledger import Reader

REPLIES = 12
FEWEST_TOKENS = 8  # of a reply or a prompt: below it the time is mostly overhead
GENEROUS = 3.0  # times the plain limit, while nothing was measured
SLACK = 4.0  # times what the measured speed says


class Speed:
    """Tokens per second of one model, over totals of its last replies. Thread-safe. None: not measured yet."""

    def __init__(self) -> None:
        self._read: deque[tuple[int, float]] = deque(maxlen=REPLIES)
        self._written: deque[tuple[int, float]] = deque(maxlen=REPLIES)
        self._timed_out = False
        self._lock = threading.Lock()

    @classmethod
    def recorded(cls, ledger: Reader, spec: str) -> Speed:
        """As the ledger's replies of the model `spec` show it; facts of older versions don't count."""
        speed = cls()
        for event in ledger.events("model"):
            if event.payload.get("spec") == spec:
                speed.note(event.payload)
        return speed

    def note(self, reply: Mapping[str, Any]) -> None:
        """Count a reply, given by its fields."""
        read, read_s = reply.get("tokens_read", 0), reply.get("read_s", 0.0)
        written, write_s = reply.get("tokens_out", 0), reply.get("write_s", 0.0)
        with self._lock:
            if read >= FEWEST_TOKENS and read_s > 0:
                self._read.append((read, read_s))
            if written >= FEWEST_TOKENS and write_s > 0:
                self._written.append((written, write_s))

    def note_timeout(self) -> None:
        """The model let a call run out: it gets no generous limit any more."""
        self._timed_out = True

    @property
    def reading(self) -> float | None:
        return self._rate(self._read)

    @property
    def writing(self) -> float | None:
        return self._rate(self._written)

    def expected_s(self, tokens_to_read: int, max_tokens: int) -> float | None:
        """Seconds for a call that writes all it may. Where reading is not told apart, it is part of writing."""
        reading, writing = self.reading, self.writing
        if writing is None:
            return tokens_to_read / reading if reading and max_tokens == 1 else None
        return max_tokens / writing + (tokens_to_read / reading if reading else 0.0)

    def answer_limit_s(self, timeout_s: float, tokens_to_read: int, max_tokens: int) -> float:
        """How long a whole answer may take: several times what was measured, and never less than `timeout_s`."""
        expected = self.expected_s(tokens_to_read, max_tokens)
        if expected is not None:
            return max(timeout_s, SLACK * expected)
        return timeout_s if self._timed_out else GENEROUS * timeout_s

    def _rate(self, counted: deque[tuple[int, float]]) -> float | None:
        with self._lock:
            seconds = sum(spent for _, spent in counted)
            return sum(tokens for tokens, _ in counted) / seconds if seconds else None
