"""Sends a request to one model until it is answered, within time limits that follow the measured speed.

A call that timed out is retried once, with half the tokens and twice the time limits; a call for a single token is not
retried. A call whose tokens all went into thoughts is retried with a larger token limit, which every later call of the
model then gets from the start.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from agents.models.call_faults import TransientFailure, UnusableReply, cause_of
from agents.models.openai import chat
from agents.models.outage.wait_policy import WaitPolicy
from agents.models.protocol import Model, Reply, Request, TimeLimit
from agents.models.retry import RetryPolicy, call_with_retries
from agents.models.speed import Speed
from memory.steps.budget import Budget
from pelagos.errors import CapReached, ModelError, ModelTimeout
from pelagos.settings import Models

SEED_STRIDE = 1_000_003
MIN_TOKENS_AFTER_TIMEOUT = 128
THOUGHTS, GROWTH, MAX_TOKENS = 4096, 2, 32_768
TIME_UP_MARGIN_S = 0.05

MAX_ASKED_PAUSE_S = 10.0  # a server that asks for a longer pause (Retry-After) is treated as being away

SecondsLeft = Callable[[], float | None]
RecordFault = Callable[[str, ModelError | CapReached, Request, int], None]


@dataclass
class _Call:
    """The state of one call: its request, which a timeout makes smaller, and the tokens that failed tries spent."""

    request: Request
    timeouts: int = 0
    wasted: int = 0
    began: float = 0.0


class Sender:
    """Sends requests to one model. Thread-safe.

    `seconds_left` returns the seconds left for the loop, or None without a limit. `record_fault` is called with the
    call's key, the error, the request and the tokens spent.
    """

    def __init__(
        self, model: Model, speed: Speed, settings: Models, budget: Budget, seconds_left: SecondsLeft,
        record_fault: RecordFault, wait_policy: WaitPolicy,
    ) -> None:  # fmt: skip
        self._model, self._speed, self._budget = model, speed, budget
        self._seconds_left, self._record_fault = seconds_left, record_fault
        self._timeout_s = settings.timeout_s
        longest = MAX_ASKED_PAUSE_S if wait_policy.patience_s > 0 else math.inf
        self._retry_policy = RetryPolicy(settings.retries, sleep=wait_policy.pause, longest_asked_s=longest)
        self._thoughts = settings.thoughts

    def send(self, request: Request, key: str) -> tuple[Reply, int]:
        """Return the reply and the tokens that failed tries spent. Each try uses a seed of its own.

        Raises the last ModelError, or CapReached when the loop's time is used up.
        """
        call = _Call(request)

        def on_fault(attempt: int, error: ModelError) -> None:
            spent = self._tokens_spent(call, error)
            call.wasted += spent
            time_is_up = isinstance(error, ModelTimeout) and self._is_time_up(TIME_UP_MARGIN_S)
            cap_reached = self._cap_reached() if time_is_up else None
            self._record_fault(key, cap_reached or error, call.request, spent)
            if cap_reached is not None:
                raise cap_reached
            if isinstance(error, ModelTimeout):
                self._timed_out(call, error)
            if cause_of(error) == "thoughts":
                self._thoughts = _grow_thoughts(self._thoughts)
            self._budget.check()

        reply = call_with_retries(lambda attempt: self._try(call, attempt), self._retry_policy, on_fault)
        self._speed.add_reply(reply)
        return reply, call.wasted

    def _try(self, call: _Call, attempt: int) -> Reply:
        if self._is_time_up():
            raise self._cap_reached()
        seconds_left, request, call.began = (
            self._seconds_left(),
            self._with_thought_room(call.request),
            time.monotonic(),
        )
        factor = 2.0**call.timeouts
        answer_s = self._speed.answer_limit_s(self._timeout_s, chat.estimate_tokens(request), request.max_tokens)
        deadline = None if seconds_left is None else call.began + seconds_left
        seeded = request.model_copy(update={"seed": (request.seed + attempt * SEED_STRIDE) % 2**31})
        return self._model.complete(seeded, TimeLimit(factor * self._timeout_s, factor * answer_s, deadline))

    def _with_thought_room(self, request: Request) -> Request:
        """Return the request with a larger token limit if the model has shown that it writes thoughts."""
        if not self._thoughts or request.top_logprobs:
            return request
        return request.model_copy(update={"max_tokens": min(MAX_TOKENS, request.max_tokens + self._thoughts)})

    def _timed_out(self, call: _Call, error: ModelTimeout) -> None:
        """Halve the call's tokens for its last try. Raises `error` if no try is left."""
        request = call.request
        self._speed.note_timeout()
        call.timeouts += 1
        if call.timeouts > 1 or request.max_tokens == 1:
            raise error
        fewer = min(request.max_tokens, max(MIN_TOKENS_AFTER_TIMEOUT, request.max_tokens // 2))
        call.request = request.model_copy(update={"max_tokens": fewer})

    def _tokens_spent(self, call: _Call, error: ModelError) -> int:
        """Return the tokens that a failed try spent: those that its error names, else an estimate from the measured
        speed, bounded by the request's limit."""
        if isinstance(error, TransientFailure | UnusableReply):
            return error.tokens
        if not isinstance(error, ModelTimeout):
            return 0
        if error.tokens is not None:
            return error.tokens
        rate, max_tokens = self._speed.writing, call.request.max_tokens
        tokens_out = max_tokens if rate is None else min(max_tokens, round(rate * (time.monotonic() - call.began)))
        return chat.estimate_tokens(call.request) + tokens_out

    def _is_time_up(self, moment_s: float = 0.0) -> bool:
        seconds_left = self._seconds_left()
        return seconds_left is not None and seconds_left <= moment_s

    def _cap_reached(self) -> CapReached:
        gauge = self._budget.summary().seconds
        return CapReached("seconds", gauge.spent, gauge.spent if gauge.cap is None else gauge.cap)


def _grow_thoughts(thoughts: int) -> int:
    return min(MAX_TOKENS, max(THOUGHTS, GROWTH * thoughts))
