"""A request sent until it is answered, within limits that follow the measured speed.

A call that timed out is not repeated as it was: it is tried once more, with half the tokens and twice the patience, and
a call for a single token not at all. One whose tokens all went into thoughts is repeated with room for more of them,
which every later call of the model then has from the start.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from agents.models import chat
from agents.models.faults import Transient, Unsound, cause_of
from agents.models.outage.waiting import Waiting
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

ASKED_S = 10.0  # a server that asks for a longer pause is waited for as one that is away

Left = Callable[[], float | None]
Fault = Callable[[str, ModelError | CapReached, Request, int], None]


@dataclass
class _Call:
    """What is asked now, which a timeout makes smaller, and the tokens of tries that came to nothing."""

    request: Request
    timeouts: int = 0
    wasted: int = 0
    began: float = 0.0


class Sender:
    """Sends to one model. `left` tells the seconds left for the loop, or None; `note` records a fault with what it has
    cost, in tokens. Thread-safe."""

    def __init__(
        self, model: Model, speed: Speed, settings: Models, budget: Budget, left: Left, note: Fault, waiting: Waiting,
    ) -> None:  # fmt: skip
        self._model, self._speed, self._budget, self._left, self._note = model, speed, budget, left, note
        self._timeout_s = settings.timeout_s
        longest = ASKED_S if waiting.patience_s > 0 else math.inf
        self._patience = Patience(settings.retries, sleep=waiting.pause, longest_asked_s=longest)
        self._thoughts = settings.thoughts

    def send(self, request: Request, key: str) -> tuple[Reply, int]:
        """The reply, and the tokens spent on tries that came to nothing. A new try draws with a new seed.

        Raises the last ModelError, or CapReached where the time left for the loop is up.
        """
        call = _Call(request)

        def on_fault(attempt: int, error: ModelError) -> None:
            spent = self._spent(call, error)
            call.wasted += spent
            up = isinstance(error, ModelTimeout) and self._is_up(MOMENT_S)
            ended = self._time_is_up() if up else None
            self._note(key, ended or error, call.request, spent)
            if ended is not None:
                raise ended
            if isinstance(error, ModelTimeout):
                self._timed_out(call, error)
            if cause_of(error) == "thoughts":
                self._thoughts = _grown(self._thoughts)
            self._budget.check()

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
        call.timeouts += 1
        if call.timeouts > 1 or asked.max_tokens == 1:
            raise error
        fewer = min(asked.max_tokens, max(FEWEST_AFTER_TIMEOUT, asked.max_tokens // 2))
        call.request = asked.model_copy(update={"max_tokens": fewer})

    def _spent(self, call: _Call, error: ModelError) -> int:
        """Tokens that a failed try has cost: as its error knows, else by the server's measured speed, at most all."""
        if isinstance(error, Transient | Unsound):
            return error.tokens
        if not isinstance(error, ModelTimeout):
            return 0
        if error.tokens is not None:
            return error.tokens
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
