"""The models of one role in their order: the first that is not away is asked, and all in flight waits together.

While an outage is shorter than `fallback_s` its end is waited for; then the next model is asked, until a probe finds
the first one back. With one model, or where all are away, the wait ends by the patience, the time or a stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from agents.models.faults import Unsound, cause_of, is_outage
from agents.models.outage.breaker import Breaker
from agents.models.outage.waiting import TICK_S, Waiting
from agents.serving import served
from pelagos.errors import CapReached, ModelError, ModelTimeout, ModelUnavailable

ROUNDS = 3
"""So often a request may find an endpoint away that answers probes before and after: then it is the request's fault."""
WAITED, SWITCH = "waited", "model.switch"


class Guarded(Protocol):
    """One model, or an embedder. `breaker` is None for one that can't be away."""

    @property
    def name(self) -> str: ...
    @property
    def breaker(self) -> Breaker | None: ...


G = TypeVar("G", bound=Guarded)
R = TypeVar("R")


class Chain(Generic[G]):
    """Thread-safe. `who` is the role, in what is recorded."""

    def __init__(self, who: str, models: Sequence[G], waiting: Waiting) -> None:
        self._who, self._models, self._waiting = who, models, waiting
        self._current = models[0]

    def ask(self, send: Callable[[G], R]) -> tuple[G, R]:
        """Who answered, and the answer. Raises ModelUnavailable where nobody is back in time, Interrupted, and what
        `send` raises that no waiting mends."""
        rounds = 0
        while True:
            model = self._awaited()
            asked_at = self._waiting.clock.now()
            try:
                answer = send(model)
            except ModelError as error:
                if not self._was_away(model, error, asked_at):
                    raise
                rounds += cause_of(error) != "rate_limited"
                if rounds > ROUNDS:
                    raise self._given_up(error) from None
                continue
            if model.breaker is not None:
                model.breaker.served()
            return model, answer

    def _was_away(self, model: G, error: ModelError, asked_at: float) -> bool:
        breaker = model.breaker
        if breaker is None or self._waiting.patience_s <= 0:
            return False
        if not is_outage(error) and not (isinstance(error, ModelTimeout) and breaker.is_silent()):
            return False
        breaker.trip(error, asked_at)
        return True

    @staticmethod
    def _given_up(error: ModelError) -> ModelError:
        if isinstance(error, ModelTimeout):
            return error
        return Unsound("server_error", f"asked {ROUNDS + 1} times, while other requests were answered: {error}")

    def _awaited(self) -> G:
        began = self._waiting.clock.now()
        try:
            while (model := self._ready()) is None:
                self._check_patience()
                self._pause()
        finally:
            waited = self._waiting.clock.now() - began
            if waited >= TICK_S:
                told = {"hypothesis": served(), "seconds": waited}
                self._waiting.record(WAITED, f"{self._who}/{served()}", told)
        self._tell(model)
        return model

    def _ready(self) -> G | None:
        """The first that may be asked, passing over those that have been away for long."""
        for model in self._models:
            if model.breaker is None or model.breaker.ready():
                return model
            if (model.breaker.away_s() or 0.0) < self._waiting.fallback_s:
                return None
        return None

    def _pause(self) -> None:
        try:
            self._waiting.pause(TICK_S)
        except CapReached as reached:
            raise self._unavailable(f"the run's cap is reached ({reached})") from None

    def _check_patience(self) -> None:
        away = [0.0 if one.breaker is None else one.breaker.away_s() or 0.0 for one in self._models]
        if min(away) >= self._waiting.patience_s:
            raise self._unavailable(f"waited {min(away) / 60:.0f} min, which is the patience of the run")

    def _unavailable(self, why: str) -> ModelUnavailable:
        reasons = [one.breaker.reason for one in self._models if one.breaker is not None and one.breaker.reason]
        return ModelUnavailable(f"{self._who}: still away when {why}: {'; '.join(map(str, reasons))}")

    def _tell(self, model: G) -> None:
        before, self._current = self._current, model
        if before is not model:
            told: dict[str, Any] = {"role": self._who, "spec": model.name, "before": before.name}
            told["back"] = model is self._models[0]
            self._waiting.record(SWITCH, self._who, told)
