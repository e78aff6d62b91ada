"""Asks the first available model of a role's fallback chain, and waits while none is available.

The end of an outage is awaited for `fallback_s` seconds; then the next model is asked, until a probe finds the first
one back. With one model, or if all are away, the wait ends with the patience, the time cap or a stop request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from agents.current_hypothesis import current_hypothesis
from agents.models.call_faults import UnusableReply, cause_of, is_outage
from agents.models.outage.circuit_breaker import CircuitBreaker
from agents.models.outage.wait_policy import TICK_S, WaitPolicy
from pelagos.errors import CapReached, ModelError, ModelTimeout, ModelUnavailable
from pelagos.facts.calls import Switch
from pelagos.facts.drive import Waited

MAX_ROUNDS = 3
"""How often a request may fail at an endpoint that answers probes before and after. Beyond it, the request is at
fault."""


class FallbackMember(Protocol):
    """A model or an embedder. `breaker` is None for one that runs in this process."""

    @property
    def name(self) -> str: ...
    @property
    def breaker(self) -> CircuitBreaker | None: ...


G = TypeVar("G", bound=FallbackMember)
R = TypeVar("R")


class FallbackChain(Generic[G]):
    """`role` is named in ledger facts. Thread-safe."""

    def __init__(self, role: str, models: Sequence[G], wait_policy: WaitPolicy) -> None:
        self._role, self._models, self._wait_policy = role, models, wait_policy
        self._current = models[0]

    def ask(self, send: Callable[[G], R]) -> tuple[G, R]:
        """Return the model that answered and its answer. Raises ModelUnavailable if no model is back in time,
        Interrupted, and those errors of `send` that waiting can't resolve."""
        rounds = 0
        while True:
            model = self._choose_model()
            asked_at = self._wait_policy.clock.now()
            try:
                answer = send(model)
            except ModelError as error:
                if not self._trip_if_away(model, error, asked_at):
                    raise
                rounds += cause_of(error) != "rate_limited"
                if rounds > MAX_ROUNDS:
                    raise self._final_error(error) from None
                continue
            if model.breaker is not None:
                model.breaker.record_success()
            return model, answer

    def _trip_if_away(self, model: G, error: ModelError, asked_at: float) -> bool:
        breaker = model.breaker
        if breaker is None or self._wait_policy.patience_s <= 0:
            return False
        if not is_outage(error) and not (isinstance(error, ModelTimeout) and breaker.is_silent()):
            return False
        breaker.trip(error, asked_at)
        return True

    @staticmethod
    def _final_error(error: ModelError) -> ModelError:
        if isinstance(error, ModelTimeout):
            return error
        return UnusableReply(
            "server_error", f"asked {MAX_ROUNDS + 1} times, while other requests were answered: {error}"
        )

    def _choose_model(self) -> G:
        model = self._first_available()
        if model is None:
            model = self._wait()
        self._record_switch(model)
        return model

    def _wait(self) -> G:
        began = self._wait_policy.clock.now()
        try:
            while (model := self._first_available()) is None:
                self._check_patience()
                self._pause()
            return model
        finally:
            waited = self._wait_policy.clock.now() - began
            if waited >= TICK_S:
                hypothesis = current_hypothesis()
                fact = Waited(hypothesis=hypothesis, seconds=waited)
                self._wait_policy.record_fact(fact, f"{self._role}/{hypothesis}")

    def _first_available(self) -> G | None:
        """Return the first model that may be asked, skipping those that have been away for `fallback_s`; None to
        wait."""
        for model in self._models:
            if model.breaker is None or model.breaker.may_ask():
                return model
            if (model.breaker.away_s() or 0.0) < self._wait_policy.fallback_s:
                return None
        return None

    def _pause(self) -> None:
        try:
            self._wait_policy.pause(TICK_S)
        except CapReached as reached:
            raise self._unavailable(f"when the run's cap is reached ({reached})") from None

    def _check_patience(self) -> None:
        away_s = [0.0 if member.breaker is None else member.breaker.away_s() or 0.0 for member in self._models]
        if min(away_s) >= self._wait_policy.patience_s:
            raise self._unavailable(f"after {min(away_s) / 60:.0f} min, the longest that the run waits")

    def _unavailable(self, reason: str) -> ModelUnavailable:
        reasons = [
            member.breaker.reason for member in self._models if member.breaker is not None and member.breaker.reason
        ]
        return ModelUnavailable(f"{self._role}: still away {reason}: {'; '.join(map(str, reasons))}")

    def _record_switch(self, model: G) -> None:
        before, self._current = self._current, model
        if before is not model:
            back = model is self._models[0]
            switch = Switch(role=self._role, spec=model.name, before=before.name, back=back)
            self._wait_policy.record_fact(switch, self._role)
