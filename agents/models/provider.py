"""One model as a role asks it: its price and speed, what sends to it, and whether it is away."""

from __future__ import annotations

from dataclasses import dataclass

from agents.models import chat
from agents.models.endpoint import PROBE, PROBE_S
from agents.models.outage.breaker import Breaker
from agents.models.outage.waiting import Waiting
from agents.models.prices import Price, Prices
from agents.models.protocol import Limit, Model, Probed, Request
from agents.models.sender import Sender
from agents.models.speed import Speed
from memory.budget import Cost
from pelagos.errors import ModelError


@dataclass(frozen=True)
class Provider:
    """`breaker` is None for a model that can't be away: the embedded one, a recording."""

    model: Model
    price: Price | None
    speed: Speed
    sender: Sender
    breaker: Breaker | None

    @property
    def name(self) -> str:
        return self.model.spec


def cost(price: Price | None, tokens_in: int, tokens_out: int) -> Cost:
    """In dollars None where tokens of an unknown price were used; no tokens cost nothing in any case."""
    if not tokens_in + tokens_out:
        return Cost()
    return Cost(tokens=tokens_in + tokens_out, usd=price.of(tokens_in, tokens_out) if price else None)


def lost(price: Price | None, request: Request, tokens: int) -> Cost:
    """Of a failed call, whose tokens are those of its prompt first."""
    read = min(tokens, chat.estimate(request))
    return cost(price, read, tokens - read)


def breaker(model: Model, price: Price | None, waiting: Waiting) -> Breaker | None:
    """One for a model somewhere else; roles that ask the same model share it."""

    def probe() -> tuple[ModelError | None, Cost]:
        try:
            reply = model.complete(PROBE, Limit(PROBE_S, PROBE_S))
        except ModelError as error:
            tokens = getattr(error, "tokens", 0)
            return error, lost(price, PROBE, chat.estimate(PROBE) if tokens is None else tokens)
        return None, cost(price, reply.tokens_in, reply.tokens_out)

    return Breaker(model.spec, probe, waiting) if isinstance(model, Probed) else None


class Breakers:
    """One breaker per model, made when first asked for. Thread-safe by the lock under which minds are made."""

    def __init__(self, waiting: Waiting, prices: Prices) -> None:
        self.waiting, self.prices = waiting, prices
        self._made: dict[int, Breaker | None] = {}

    def of(self, model: Model) -> Breaker | None:
        if id(model) not in self._made:
            self._made[id(model)] = breaker(model, self.prices.price(model.spec), self.waiting)
        return self._made[id(model)]
