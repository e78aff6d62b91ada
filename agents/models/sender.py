"""A request sent until it is answered, within limits that follow the measured speed.

A call that timed out is not repeated as it was: it is tried once more, with half the tokens and twice the patience, and
a call for a single token not at all. One whose tokens all went into thoughts is repeated with room for more of them,
which every later call of the model then has from the start.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from agents.models import chat
from agents.models.faults import Unsound, cause_of
from agents.models.protocol import Limit, Model, Reply, Request
from agents.models.retry import Patience, persist
from agents.models.speed import Speed
from memory.budget import Budget
from pelagos.errors import CapReached, ModelError, ModelTimeout
from pelagos.settings import Models

SEED_STRIDE = 1_000_003
FEWEST_AFTER_TIMEOUT = 128
THOUGHTS, GROWTH, MOST_TOKENS = 4096, 2, 32_768
MOMENT_S = 0.05

Left = Callable[[], float | None]


@dataclass
class _Call:
    """What is asked now, which a timeout makes smaller, and what was spent on tries that came to nothing."""

    request: Request
    timeouts: int = 0
    wasted: int = 0
    began: float = 0.0


class Sender:
    """Sends to one model. `left` tells the seconds left for the loop, or None; `note` records a fault. Thread-safe."""

    def __init__(
        self, model: Model, speed: Speed, settings: Models, budget: Budget, left: Left,
        note: Callable[[str, ModelError], None],
    ) -> None:  # fmt: skip
        self._model, self._speed, self._budget, self._left, self._note = model, speed, budget, left, note
        self._timeout_s = settings.timeout_s
        self._patience = Patience(settings.retries)
        self._thoughts = settings.thoughts

    def send(self, request: Request, key: str) -> tuple[Reply, int]:
        """The reply, and the tokens spent on tries that came to nothing. A new try draws with a new seed.

        Raises the last ModelError, or CapReached where the time left for the loop is up.
        """
        call = _Call(request)

        def on_fault(attempt: int, error: ModelError) -> None:
            if isinstance(error, ModelTimeout) and self._is_up(MOMENT_S):
                raise self._time_is_up()
            self._note(f"{key}/{attempt}", error)
            if isinstance(error, ModelTimeout):
                self._timed_out(call, error)
            if cause_of(error) == "thoughts":
                self._thoughts = _grown(self._thoughts)
            call.wasted += error.tokens if isinstance(error, Unsound) else 0

        reply = persist(lambda attempt: self._try(call, attempt), self._patience, on_fault)
        self._speed.note(reply.model_dump())
        return reply, call.wasted

    def _try(self, call: _Call, attempt: int) -> Reply:
        if self._is_up():
            raise self._time_is_up()
        left, asked, call.began = self._left(), self._roomy(call.request), time.monotonic()
        patience = 2.0**call.timeouts
        answer_s = self._speed.answer_limit_s(self._timeout_s, chat.estimate(asked), asked.max_tokens)
        deadline = None if left is None else call.began + left
        drawn = asked.model_copy(update={"seed": (asked.seed + attempt * SEED_STRIDE) % 2**31})
        return self._model.complete(drawn, Limit(patience * self._timeout_s, patience * answer_s, deadline))

    def _roomy(self, asked: Request) -> Request:
        """With room for thoughts, where the model has shown that it thinks."""
        if not self._thoughts or asked.top_logprobs:
            return asked
        return asked.model_copy(update={"max_tokens": min(MOST_TOKENS, asked.max_tokens + self._thoughts)})

    def _timed_out(self, call: _Call, error: ModelTimeout) -> None:
        """Make the call smaller for its last try. Raises `error` where there is none."""
        asked = call.request
        self._speed.note_timeout()
        call.wasted += self._spent(call) if error.tokens is None else error.tokens
        call.timeouts += 1
        if call.timeouts > 1 or asked.max_tokens == 1:
            raise error
        fewer = min(asked.max_tokens, max(FEWEST_AFTER_TIMEOUT, asked.max_tokens // 2))
        call.request = asked.model_copy(update={"max_tokens": fewer})

    def _spent(self, call: _Call) -> int:
        """Tokens that a server has spent on a call whose answer never came, by its measured speed or else at most."""
        rate, most = self._speed.writing, call.request.max_tokens
        written = most if rate is None else min(most, round(rate * (time.monotonic() - call.began)))
        return chat.estimate(call.request) + written

    def _is_up(self, moment_s: float = 0.0) -> bool:
        left = self._left()
        return left is not None and left <= moment_s

    def _time_is_up(self) -> CapReached:
        gauge = self._budget.summary().seconds
        return CapReached("seconds", gauge.spent, gauge.spent if gauge.cap is None else gauge.cap)


def _grown(thoughts: int) -> int:
    return min(MOST_TOKENS, max(THOUGHTS, GROWTH * thoughts))
