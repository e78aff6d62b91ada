"""Gives a role its model: calls are recorded, metered and retried within a bound (contracts 1, 3 and 4).

A call's key is the hash of the role, the model's spec, the messages, the sample, the seed and the parameters. A call
that is in the ledger is never sent again. A re-ask is a call of its own. With `answers`, a question that was asked at
temperature 0 and answered usably in an earlier run of the project isn't sent; its cached reply is recorded at no cost.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from agents.current_hypothesis import current_hypothesis
from agents.models import structured
from agents.models.answer_cache import AnswerCache
from agents.models.call_faults import UnusableReply, cause_of
from agents.models.catalog.prices import Prices
from agents.models.failure_streak import FailureStreak
from agents.models.meter import count_call
from agents.models.offline.replay import fingerprint
from agents.models.openai import chat
from agents.models.openai.sender import SEED_STRIDE, SecondsLeft, Sender
from agents.models.outage.fallback_chain import FallbackChain
from agents.models.outage.wait_policy import WaitPolicy
from agents.models.protocol import Model, Reply, Request, WithOrigin
from agents.models.provider import CircuitBreakers, Provider, call_cost, failed_call_cost
from agents.models.speed import Speed
from agents.notes import note
from memory.artifacts import ArtifactStore
from memory.ledger.keys import step_key
from memory.steps.steps import Steps
from pelagos.errors import BadReply, CapReached, ModelError, ModelTimeout
from pelagos.facts.calls import Call, ModelFault, ModelFile
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent, Lost
from pelagos.nouns import Role
from pelagos.settings import Settings
from tools.toolchain import Message

T = TypeVar("T", bound=BaseModel)
TOP_LOGPROBS = 20
WORD_TOKENS = 16
REASK_STRIDE = 500_009


class ThinkingSlots(Protocol):
    """The part of the CPU slots that a role's model uses."""

    def think(self) -> AbstractContextManager[None]: ...


class RecordedRoleModel:
    """Implements `tools.toolchain.RoleModel`. Thread-safe. Raises BadInput for a bad price table.

    `seconds_left` returns the seconds left for the loop, None without a limit. When they are used up, a call in
    progress ends with the text so far if that is usable, else with CapReached. `speed` is shared by all roles of one
    model; without it the speed is read from the ledger. `fallbacks` are asked in their order while `model` is away; a
    call's key always names `model`, its fact names the model that answered. Without `breakers` no outage is waited for.
    """

    def __init__(
        self, role: Role, model: Model, steps: Steps, artifacts: ArtifactStore, slots: ThinkingSlots,
        settings: Settings, answers: AnswerCache | None = None, *, seconds_left: SecondsLeft = lambda: None,
        speed: Speed | None = None, fallbacks: Sequence[Model] = (), breakers: CircuitBreakers | None = None,
    ) -> None:  # fmt: skip
        self.role = role
        self._model, self._answers = model, answers
        self._steps, self._artifacts, self._slots = steps, artifacts, slots
        self._settings, self._seed = settings.models, settings.seed
        self._seconds_left = seconds_left
        self._breakers = breakers or CircuitBreakers(
            WaitPolicy(steps, threading.Event(), patience_s=0.0), Prices.load(settings.models.prices)
        )
        self.speed = speed or Speed.from_ledger(steps.ledger, model.spec)
        others = [(fallback, Speed.from_ledger(steps.ledger, fallback.spec)) for fallback in fallbacks]
        self._providers = tuple(self._make_provider(*each) for each in [(model, self.speed), *others])
        self._chain = FallbackChain(role, self._providers, self._breakers.wait_policy)
        self._failure_streak, self._lacks_logprobs = FailureStreak(role), False

    def _make_provider(self, model: Model, speed: Speed) -> Provider:
        price = self._breakers.prices.price(model.spec)

        def note_lost(key: str, error: ModelError | CapReached, request: Request, tokens: int) -> None:
            subject = {
                "role": self.role,
                "spec": model.spec,
                "hypothesis": current_hypothesis(),
                "error": str(error)[:500],
            }
            if isinstance(error, CapReached):
                self._steps.spend(Lost(why="cap", **subject), key, failed_call_cost(price, request, tokens))
            else:
                self._steps.spend(
                    ModelFault(cause=cause_of(error), **subject), key, failed_call_cost(price, request, tokens)
                )

        wait_policy = self._breakers.wait_policy
        sender = Sender(model, speed, self._settings, self._steps.budget, self._seconds_left, note_lost, wait_policy)
        return Provider(model, price, speed, sender, self._breakers.get(model))

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
        request = self._make_request(messages, sample, max_tokens, temperature, stop=tuple(stop))
        with self._count_failures():
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
        """Return the first reply that fits the schema. One that doesn't is recorded as a fault and the model is asked
        again, `reasks` times at most. Raises BadReply."""
        request = self._make_request(
            messages, sample, max_tokens, temperature, schema_=structured.schema_to_send(schema)
        )
        with self._count_failures():
            return self._ask_until_valid(request, schema)

    def probability(self, messages: Sequence[Message], yes: str = "Yes", no: str = "No") -> float:
        """Return p(yes) / (p(yes) + p(no)). An answer that isn't among the listed tokens has probability 0; one of the
        two must be. A model without log-probabilities is asked for the word instead, which gives 1 or 0."""
        listed = None if self._lacks_logprobs else self._probability_from_logprobs(messages, yes, no)
        return self._probability_from_word(messages, yes, no) if listed is None else listed

    def _ask_until_valid(self, first: Request, schema: type[T]) -> T:
        """Return the first valid reply, of the request and its re-asks. Raises BadReply if none is valid."""
        request, fault = first, UnusableReply("schema", "never asked")
        for reask in range(self._settings.reasks + 1):
            key, reply = self._call(request, reask)
            try:
                parsed = structured.parse(reply, schema)
            except UnusableReply as error:
                fault = error
                self._record_fault(key, error)
            else:
                self._cache(first, reply)
                return parsed
            seed = (first.seed + (reask + 1) * REASK_STRIDE) % 2**31
            messages = (*first.messages, *structured.ask_again(reply, fault))
            request = first.model_copy(update={"messages": messages, "seed": seed})
        raise BadReply(f"{self.role}: {fault} (asked {self._settings.reasks + 1} times)")

    def _probability_from_logprobs(self, messages: Sequence[Message], yes: str, no: str) -> float | None:
        """Return the probability from the first token's log-probabilities; None if the model must be asked for the
        word instead."""
        request = self._make_request(messages, 0, 1, 0.0, top_logprobs=TOP_LOGPROBS)
        with self._count_failures():
            _, reply = self._call(request)
        yes_mass, no_mass = _word_probability(reply.first_logprobs, yes), _word_probability(reply.first_logprobs, no)
        if yes_mass + no_mass:
            self._cache(request, reply)
            return yes_mass / (yes_mass + no_mass)
        if reply.first_logprobs and not self.strong:
            raise BadReply(f"{self.role}: neither {yes!r} nor {no!r} is among the {TOP_LOGPROBS} likeliest answers")
        if not reply.first_logprobs:
            self._lacks_logprobs = True
            text = f"{self.role}: {self._model.spec} gives no log-probabilities: it is asked for {yes} or {no}"
            note(self._steps.ledger, text)
        return None

    def _probability_from_word(self, messages: Sequence[Message], yes: str, no: str) -> float:
        """Return 1 or 0, by whichever of the two words comes first in the answer."""
        request = self._make_request(messages, 0, WORD_TOKENS, 0.0)
        with self._count_failures():
            _, reply = self._call(request)
        words = (word.casefold() for word in re.findall(r"[^\W\d_]+", reply.text))
        answer = next((word for word in words if word in (yes.casefold(), no.casefold())), None)
        if answer is None:
            raise BadReply(f"{self.role}: neither {yes!r} nor {no!r} is in the answer {reply.text[:40]!r}")
        self._cache(request, reply)
        return float(answer == yes.casefold())

    @contextmanager
    def _count_failures(self) -> Iterator[None]:
        """Count a call in the failure streak: a bad reply or a timeout extends it, any other end resets it."""
        try:
            yield
        except (BadReply, ModelTimeout) as error:
            self._failure_streak.count_failure(error)
            raise
        self._failure_streak.reset()

    def _make_request(
        self, messages: Sequence[Message], sample: int, max_tokens: int, temperature: float, **options: Any
    ) -> Request:
        seed = (self._seed * SEED_STRIDE + sample) % 2**31
        return Request(
            role=self.role, messages=tuple(messages), sample=sample, seed=seed, max_tokens=max_tokens,
            temperature=temperature, **options,
        )  # fmt: skip

    def _call(self, request: Request, reask: int = 0) -> tuple[str, Reply]:
        """Return the call's key and its reply, from the ledger if the call was made before."""
        request_hash = fingerprint(request)
        key = step_key(spec=self._model.spec, request=request_hash)
        reserve = self._estimate_cost(request)
        intent = Intent(
            role=self.role,
            spec=self._model.spec,
            hypothesis=current_hypothesis(),
            request=request_hash,
            sample=request.sample,
        )

        def action() -> tuple[Call, Cost]:
            cached = self._cached_reply(request)
            provider, (reply, wasted) = (self._providers[0], (cached, 0)) if cached else self._send(request, key)
            call = Call(
                role=self.role, spec=provider.name, hypothesis=intent.hypothesis, request=request_hash,
                sample=request.sample, seed=request.seed, reask=reask, strong=provider.model.strong,
                messages=self._store_messages(request), wasted_tokens=wasted, kept=cached is not None,
                **reply.model_dump(),
            )  # fmt: skip
            return call, call_cost(provider.price, reply.tokens_in, reply.tokens_out)

        call = self._steps.made(Call, key, intent, reserve, action)
        count_call(call.tokens_read + call.wasted_tokens, call.tokens_out)
        return key, Reply.model_validate(call, from_attributes=True)

    def _send(self, request: Request, key: str) -> tuple[Provider, tuple[Reply, int]]:
        """Return the provider that answered, its reply, and the tokens of failed tries, whose cost is settled
        already."""

        def send(provider: Provider) -> tuple[Reply, int]:
            with self._slots.think() if provider.model.local else nullcontext():
                return provider.sender.send(request, key)

        provider, reply_and_waste = self._chain.ask(send)
        self._record_origin(provider.model)
        return provider, reply_and_waste

    def _cached_reply(self, request: Request) -> Reply | None:
        return self._answers.get(self._model.spec, request) if self._answers and not request.temperature else None

    def _cache(self, request: Request, reply: Reply) -> None:
        """Cache a reply to a question at temperature 0, unless it is cached already."""
        if self._answers and not request.temperature and self._cached_reply(request) is None:
            self._answers.put(self._model.spec, request, reply)

    def _record_fault(self, key: str, error: ModelError) -> None:
        fault = ModelFault(role=self.role, spec=self._model.spec, cause=cause_of(error), error=str(error)[:500])
        self._steps.ledger.record(fault, key)

    def _record_origin(self, model: Model) -> None:
        origin = dict(model.origin) if isinstance(model, WithOrigin) else {}
        if origin:
            self._steps.ledger.record(ModelFile(**origin), model.spec)

    def _store_messages(self, request: Request) -> str:
        return self._artifacts.put_json([{"role": m.role, "content": m.content} for m in request.messages])

    def _estimate_cost(self, request: Request) -> Cost:
        """Return the cost to reserve: that of the dearest model that may answer."""
        costs = [
            call_cost(option.price, chat.estimate_tokens(request), request.max_tokens) for option in self._providers
        ]
        return max(costs, key=lambda option: math.inf if option.usd is None else option.usd)


def _word_probability(logprobs: Mapping[str, float], word: str) -> float:
    """Return the total probability of the listed tokens that spell `word`, ignoring case and surrounding space."""
    return sum(math.exp(value) for token, value in logprobs.items() if token.strip().casefold() == word.casefold())
