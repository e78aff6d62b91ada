"""The verifier's endpoint is asked one question before a run, if its word will be asked at all."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from agents.setup.verifier_probe import QUESTION, probe_verifier
from agents.verifiers.language.direct import DirectVerifier
from agents.verifiers.off import Off
from agents.verifiers.protocol import Verifier
from pelagos.errors import BadReply
from pelagos.settings import Settings
from tools.toolchain import Message

ENDPOINT = "openai:m@http://127.0.0.1:1"


class Asked:
    def __init__(self, error: BadReply | None = None) -> None:
        self.prompts, self.error = list[Sequence[Message]](), error

    def probability(self, messages: Sequence[Message]) -> float:
        self.prompts.append(messages)
        if self.error:
            raise self.error
        return 0.9


def probe(spec: str, verifier: Verifier, model: Asked) -> list[str]:
    said: list[str] = []
    settings = Settings(models={"verifier": spec})  # type: ignore[arg-type]
    run: Any = SimpleNamespace(settings=settings, verifier=verifier, model=lambda role: model, say=said.append)
    probe_verifier(run)
    return said


@pytest.mark.parametrize(
    ("spec", "verifier", "asked"),
    [
        (ENDPOINT, DirectVerifier(lambda: pytest.fail("nothing is scored")), [QUESTION]),
        (ENDPOINT, Off(), []),
        ("embedded", DirectVerifier(lambda: pytest.fail("nothing is scored")), []),
    ],
)
def test_an_endpoint_is_asked_where_plans_are_ranked(spec: str, verifier: Verifier, asked: list[Any]) -> None:
    model = Asked()
    assert probe(spec, verifier, model) == []
    assert model.prompts == asked


def test_an_answer_of_no_use_is_said() -> None:
    verifier = DirectVerifier(lambda: pytest.fail("nothing is scored"))
    said = probe(ENDPOINT, verifier, Asked(BadReply("neither Yes nor No")))
    assert said == ["plans are not ranked, they are taken as they come: neither Yes nor No"]
