"""A model whose replies are a function of the request: no weights, no network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from agents.models.protocol import Reply, Request, TimeLimit

Answer = Callable[[Request], str | Mapping[str, Any]]
YES = {"Yes": -0.1, "No": -2.4}


def say_nothing(request: Request) -> str:
    """The empty answer to every question."""
    return ""


class ScriptedModel:
    """Satisfies `agents.models.protocol.Model`. `answer` maps a request to a text, or to an object that is sent as
    JSON: `request.role` says who asks, `request.schema_` what the reply must look like. All requests are kept. Where
    log-probabilities are asked for, the first token is Yes with probability 0.9."""

    spec = "scripted"
    local = True

    def __init__(self, answer: Answer = say_nothing, strong: bool = True) -> None:
        self.answer, self.strong = answer, strong
        self.requests: list[Request] = []

    def complete(self, request: Request, limit: TimeLimit) -> Reply:
        self.requests.append(request)
        if request.top_logprobs:
            return Reply(text="Yes", tokens_in=1, tokens_out=1, seconds=0.0, first_logprobs=YES)
        answer = self.answer(request)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return Reply(text=text, tokens_in=1, tokens_out=1, seconds=0.0)

    def close(self) -> None: ...
