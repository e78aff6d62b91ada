"""A verifier's model whose replies are functions of the conversation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from agents.models.meter import count_call
from tools.toolchain import Message

Talk = Sequence[Message]


class ScriptedModel:
    """`reply(talk, sample)` answers `ask`, `verdict(talk)` answers `probability`; either may raise."""

    strong, rates = False, (None, None)

    def __init__(self, reply: Callable[[Talk, int], str], verdict: Callable[[Talk], float]) -> None:
        self._reply, self._verdict = reply, verdict
        self.asked: list[tuple[list[Message], int]] = []
        self.judged: list[list[Message]] = []
        self.stops: list[Sequence[str]] = []
        self._lock = threading.Lock()

    def ask(self, messages: Talk, *, sample: int = 0, max_tokens: int = 1024, temperature: float = 0.7,
            stop: Sequence[str] = ()) -> str:  # fmt: skip
        with self._lock:
            self.asked.append((list(messages), sample))
            self.stops.append(stop)
        count_call(100, 20)
        return self._reply(messages, sample)

    def probability(self, messages: Talk, yes: str = "Yes", no: str = "No") -> float:
        with self._lock:
            self.judged.append(list(messages))
        count_call(10, 1)
        return self._verdict(messages)
