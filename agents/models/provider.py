"""Bundles a model with its price, speed, sender and circuit breaker, as a role asks it."""

from __future__ import annotations

from dataclasses import dataclass

from agents.models.catalog.prices import Price, Prices
from agents.models.openai import chat
from agents.models.openai.endpoint import PROBE, PROBE_S
from agents.models.openai.sender import Sender
from agents.models.outage.circuit_breaker import CircuitBreaker
from agents.models.outage.wait_policy import WaitPolicy
from agents.models.protocol import Model, Probeable, Request, TimeLimit
from agents.models.speed import Speed
from pelagos.errors import ModelError
from pelagos.facts.fact import Cost


@dataclass(frozen=True)
class Provider:
    """`breaker` is None for a model that runs in this process: the embedded one, a replay."""

    model: Model
    price: Price | None
    speed: Speed
    sender: Sender
    breaker: CircuitBreaker | None

    @property
    def name(self) -> str:
        return self.model.spec


def call_cost(price: Price | None, tokens_in: int, tokens_out: int) -> Cost:
    """Return the cost of one call; its `usd` is None if tokens of unknown price were used."""
    if not tokens_in + tokens_out:
        return Cost()
    return Cost(tokens=tokens_in + tokens_out, usd=price.usd(tokens_in, tokens_out) if price else None)


def failed_call_cost(price: Price | None, request: Request, tokens: int) -> Cost:
    """Return the cost of a failed call. `tokens` are counted as prompt tokens first, then as written ones."""
    tokens_in = min(tokens, chat.estimate_tokens(request))
    return call_cost(price, tokens_in, tokens - tokens_in)


def make_breaker(model: Model, price: Price | None, wait_policy: WaitPolicy) -> CircuitBreaker | None:
    """Return a circuit breaker for a remote model, None for a local one."""

    def probe() -> tuple[ModelError | None, Cost]:
        try:
            reply = model.complete(PROBE, TimeLimit(PROBE_S, PROBE_S))
        except ModelError as error:
            tokens = getattr(error, "tokens", 0)
            return error, failed_call_cost(price, PROBE, chat.estimate_tokens(PROBE) if tokens is None else tokens)
        return None, call_cost(price, reply.tokens_in, reply.tokens_out)

    return CircuitBreaker(model.spec, probe, wait_policy) if isinstance(model, Probeable) else None


class CircuitBreakers:
    """One circuit breaker per model, shared by all roles that ask it, created when first requested. Not thread-safe
    itself: role models are created under a lock."""

    def __init__(self, wait_policy: WaitPolicy, prices: Prices) -> None:
        self.wait_policy, self.prices = wait_policy, prices
        self._made: dict[int, CircuitBreaker | None] = {}

    def get(self, model: Model) -> CircuitBreaker | None:
        if id(model) not in self._made:
            self._made[id(model)] = make_breaker(model, self.prices.price(model.spec), self.wait_policy)
        return self._made[id(model)]
