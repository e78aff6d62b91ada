"""One role's model as the loop sees it: recorded, metered, retried within a bound (contracts 1, 3 and 4).

A call's key is the hash of the role, the model's spec, the messages, the sample, the seed and the parameters. A call
that is in the ledger is never sent again. A re-ask is a call of its own. With `answers`, what was asked at temperature
0 and answered well in an earlier run of the project is recorded here as well, at no cost, and not sent.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from agents.models import chat, structured
from agents.models.answers import Answers
from agents.models.faults import Unsound, cause_of
from agents.models.outage.chain import Chain
from agents.models.outage.waiting import Waiting
from agents.models.prices import Prices
from agents.models.protocol import Model, Reply, Request, Sourced
from agents.models.provider import Breakers, Provider, cost, lost
from agents.models.recorded import fingerprint
from agents.models.sender import SEED_STRIDE, Left, Sender
from agents.models.speed import Speed
from agents.models.streak import Streak
from agents.notes import note
from agents.serving import served
from memory.artifacts import ArtifactStore
from memory.budget import Cost
from memory.keys import step_key
from memory.steps import Steps
from pelagos.errors import BadReply, CapReached, ModelError, ModelTimeout
from pelagos.nouns import Role
from pelagos.settings import Settings
from tools.toolchain import Message

T = TypeVar("T", bound=BaseModel)
TOP_LOGPROBS = 20
WORD_TOKENS = 16
REASK_STRIDE = 500_009


class Thinking(Protocol):
    """The part of the CPU slots that a mind takes."""

    def think(self) -> AbstractContextManager[None]: ...


class ModelMind:
    """Satisfies `tools.toolchain.Mind`. Thread-safe. Raises BadInput.

    `left` tells how many seconds are left for the loop (None: no limit): a call that is being written then ends, with
    what it has where that can be used, else with CapReached. `speed` is shared by all minds of one model; without it
    the ledger tells how fast the model was. `fallbacks` are asked in their order while `model` is away; a call's key
    names `model` in any case, its fact names who answered. Without `breakers` nobody is waited for.
    """

    def __init__(
        self, role: Role, model: Model, steps: Steps, artifacts: ArtifactStore, slots: Thinking, settings: Settings,
        answers: Answers | None = None, *, left: Left = lambda: None, speed: Speed | None = None,
        fallbacks: Sequence[Model] = (), breakers: Breakers | None = None,
    ) -> None:  # fmt: skip
        self.role = role
        self._model, self._answers = model, answers
        self._steps, self._artifacts, self._slots = steps, artifacts, slots
        self._settings, self._seed = settings.models, settings.seed
        self._left = left
        self._breakers = breakers or Breakers(
            Waiting(steps, threading.Event(), patience_s=0.0), Prices.load(settings.models.prices)
        )
        self.speed = speed or Speed.recorded(steps.ledger, model.spec)
        others = (self._provider(one, Speed.recorded(steps.ledger, one.spec)) for one in fallbacks)
        self._providers = (self._provider(model, self.speed), *others)
        self._chain = Chain(role, self._providers, self._breakers.waiting)
        self._streak, self._in_words = Streak(role), False

    def _provider(self, model: Model, speed: Speed) -> Provider:
        price = self._breakers.prices.price(model.spec)

        def note_lost(key: str, error: ModelError | CapReached, request: Request, tokens: int) -> None:
            about = {"role": self.role, "spec": model.spec, "hypothesis": served(), "error": str(error)[:500]}
            if isinstance(error, CapReached):
                self._steps.spend("lost", key, {**about, "why": "cap"}, lost(price, request, tokens))
            else:
                payload = {**about, "cause": cause_of(error)}
                self._steps.spend("model.fault", key, payload, lost(price, request, tokens))

        waiting = self._breakers.waiting
        sender = Sender(model, speed, self._settings, self._steps.budget, self._left, note_lost, waiting)
        return Provider(model, price, speed, sender, self._breakers.of(model))

    @property
    def strong(self) -> bool:
        return self._model.strong

    @property
    def rates(self) -> tuple[float | None, float | None]:
        return self.speed.reading, self.speed.writing

    def ask(
        self,
        messages: Sequence[Message],
        *,
        sample: int = 0,
        max_tokens: int = 1024,
        temperature: float = 0.7,
        stop: Sequence[str] = (),
    ) -> str:
        request = self._request(messages, sample, max_tokens, temperature, stop=tuple(stop))
        with self._counted():
            return self._call(request)[1].text

    def ask_json(
        self,
        messages: Sequence[Message],
        schema: type[T],
        *,
        sample: int = 0,
        max_tokens: int = 1024,
        temperature: float = 0.7,
    ) -> T:
        """Each reply that doesn't fit is recorded as a fault and answered by a re-ask, `reasks` times at most."""
        request = self._request(messages, sample, max_tokens, temperature, schema_=structured.sent(schema))
        with self._counted():
            return self._fitting(request, schema)

    def probability(self, messages: Sequence[Message], yes: str = "Yes", no: str = "No") -> float:
        """An answer that isn't among the listed tokens counts as probability 0; at least one must be. A model that
        gives no log-probabilities is asked for the word, which makes it 1 or 0."""
        listed = None if self._in_words else self._listed(messages, yes, no)
        return self._spoken(messages, yes, no) if listed is None else listed

    def _fitting(self, first: Request, schema: type[T]) -> T:
        """The first reply that fits, of the request and its re-asks."""
        request, fault = first, Unsound("schema", "never asked")
        for again in range(self._settings.reasks + 1):
            key, reply = self._call(request, again)
            try:
                parsed = structured.parse(reply, schema)
            except Unsound as error:
                fault = error
                self._fault(key, error)
            else:
                self._keep(first, reply)
                return parsed
            seed = (first.seed + (again + 1) * REASK_STRIDE) % 2**31
            asked = (*first.messages, *structured.ask_again(reply, fault))
            request = first.model_copy(update={"messages": asked, "seed": seed})
        raise BadReply(f"{self.role}: {fault} (asked {self._settings.reasks + 1} times)")

    def _listed(self, messages: Sequence[Message], yes: str, no: str) -> float | None:
        """From the log-probabilities of the first token; None where the word must be asked for."""
        request = self._request(messages, 0, 1, 0.0, top_logprobs=TOP_LOGPROBS)
        with self._counted():
            _, reply = self._call(request)
        good, bad = _mass(reply.first_logprobs, yes), _mass(reply.first_logprobs, no)
        if good + bad:
            self._keep(request, reply)
            return good / (good + bad)
        if reply.first_logprobs and not self.strong:
            raise BadReply(f"{self.role}: neither {yes!r} nor {no!r} is among the {TOP_LOGPROBS} likeliest answers")
        if not reply.first_logprobs:
            self._in_words = True
            text = f"{self.role}: {self._model.spec} gives no log-probabilities: it is asked for {yes} or {no}"
            note(self._steps.ledger, text)
        return None

    def _spoken(self, messages: Sequence[Message], yes: str, no: str) -> float:
        """1 or 0, by the first of both words in the answer."""
        request = self._request(messages, 0, WORD_TOKENS, 0.0)
        with self._counted():
            _, reply = self._call(request)
        words = (word.casefold() for word in re.findall(r"[^\W\d_]+", reply.text))
        said = next((word for word in words if word in (yes.casefold(), no.casefold())), None)
        if said is None:
            raise BadReply(f"{self.role}: neither {yes!r} nor {no!r} is in the answer {reply.text[:40]!r}")
        self._keep(request, reply)
        return float(said == yes.casefold())

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """A call, among those in a row that give nothing usable."""
        try:
            yield
        except (BadReply, ModelTimeout) as error:
            self._streak.grow(error)
            raise
        self._streak.end()

    def _request(
        self, messages: Sequence[Message], sample: int, max_tokens: int, temperature: float, **more: Any
    ) -> Request:
        seed = (self._seed * SEED_STRIDE + sample) % 2**31
        return Request(
            role=self.role, messages=tuple(messages), sample=sample, seed=seed, max_tokens=max_tokens,
            temperature=temperature, **more,
        )  # fmt: skip

    def _call(self, request: Request, again: int = 0) -> tuple[str, Reply]:
        """The call's key and its reply, from the ledger if it was ever made."""
        mark = fingerprint(request)
        key = step_key(spec=self._model.spec, request=mark)
        reserve = self._reserve(request)
        about = {"role": self.role, "spec": self._model.spec, "hypothesis": served()}
        intent = {**about, "request": mark, "sample": request.sample}

        def action() -> tuple[dict[str, Any], Cost]:
            kept = self._kept(request)
            by, (reply, wasted) = (self._providers[0], (kept, 0)) if kept else self._sent(request, key)
            payload = {
                **intent, **reply.model_dump(mode="json"), "spec": by.name, "seed": request.seed, "reask": again,
                "strong": by.model.strong, "messages": self._store(request), "wasted_tokens": wasted,
                "kept": kept is not None,
            }  # fmt: skip
            return payload, cost(by.price, reply.tokens_in, reply.tokens_out)

        fact = self._steps.once("model", key, intent, reserve, action)
        return key, Reply(**{name: fact[name] for name in Reply.model_fields if name in fact})

    def _sent(self, request: Request, key: str) -> tuple[Provider, tuple[Reply, int]]:
        """Who answered; the reply, and the tokens of tries that came to nothing, which are settled."""

        def send(by: Provider) -> tuple[Reply, int]:
            with self._slots.think() if by.model.local else nullcontext():
                return by.sender.send(request, key)

        by, sent = self._chain.ask(send)
        self._say_origin(by.model)
        return by, sent

    def _kept(self, request: Request) -> Reply | None:
        return self._answers.get(self._model.spec, request) if self._answers and not request.temperature else None

    def _keep(self, request: Request, reply: Reply) -> None:
        """A kept reply is a fact already."""
        if self._answers and not request.temperature and self._kept(request) is None:
            self._answers.keep(self._model.spec, request, reply)

    def _fault(self, key: str, error: ModelError) -> None:
        payload = {"role": self.role, "spec": self._model.spec, "cause": cause_of(error), "error": str(error)[:500]}
        self._steps.ledger.append("model.fault", key, payload)

    def _say_origin(self, model: Model) -> None:
        origin = dict(model.origin) if isinstance(model, Sourced) else {}
        if origin:
            self._steps.ledger.append("model.file", model.spec, origin)

    def _store(self, request: Request) -> str:
        return self._artifacts.put_json([{"role": m.role, "content": m.content} for m in request.messages])

    def _reserve(self, request: Request) -> Cost:
        """By the dearest of the models that may answer."""
        costs = [cost(one.price, chat.estimate(request), request.max_tokens) for one in self._providers]
        return max(costs, key=lambda one: math.inf if one.usd is None else one.usd)


def _mass(logprobs: Mapping[str, float], word: str) -> float:
    """Probability of all listed tokens that spell `word`, whatever their case and the space around them."""
    return sum(math.exp(value) for token, value in logprobs.items() if token.strip().casefold() == word.casefold())
