"""What failed calls cost, by their kind, against a real server; and that a cap sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.models.openai import chat
from agents.models.openai.endpoint import Endpoint
from agents.models.protocol import Request
from agents.models.retry import MAX_WAIT_S
from memory.steps.budget import Budget
from pelagos.errors import CapReached, ModelError, PelagosError
from pelagos.settings import Caps, Models
from tests.agents.models.conftest import Answer, Bench, Handler, Script, completion, hangs, says
from tools.toolchain import Message

ASK = [Message("user", "Say something. " * 200)]
PROMPT = chat.estimate_tokens(Request(role="coder", messages=tuple(ASK)))
HALF = json.dumps(completion("x" * 400))[:200]


def breaks_off(handler: Handler, _body: dict[str, Any]) -> None:
    """Half of an answer, then nothing."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(HALF.encode())


def hangs_up(handler: Handler, _body: dict[str, Any]) -> None:
    handler.close_connection = True


def refuses(status: int, **body: Any) -> Answer:
    return says(json.dumps({"error": {"message": "no"}, **body}), status)


USAGE = {"usage": {"prompt_tokens": 70, "completion_tokens": 7}}


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        (refuses(400), 0),
        (refuses(401), 0),
        (refuses(403), 0),
        (refuses(404), 0),
        (refuses(429), 0),
        (refuses(500), PROMPT),
        (refuses(502), PROMPT),
        (refuses(504), PROMPT),
        (refuses(500, **USAGE), 77),
        (refuses(200), PROMPT),
        (hangs_up, PROMPT),
        (breaks_off, PROMPT + len(HALF) // 4),
        (says(HALF), PROMPT + len(HALF) // 4),
        (says(json.dumps({"choices": [], **USAGE})), 77),
        (says(json.dumps(completion(""))), 15),
        (hangs(3.0), PROMPT + 100),
    ],
    ids=[
        "400", "401", "403", "404", "429", "500", "502", "504", "500 with usage", "error in a body", "hung up",
        "broken off", "half an answer", "no choice", "empty", "too late",
    ],
)  # fmt: skip
def test_a_failed_call_costs_what_is_known_of_it(
    answer: Answer, tokens: int, script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [answer]
    bench.settings.models = Models(retries=0, timeout_s=0.2)
    with pytest.raises(ModelError):
        bench.role_model(endpoint).ask(ASK, max_tokens=100)
    (fault,) = bench.facts("model.fault")
    assert fault["cost"]["tokens"] == tokens
    assert Budget(bench.settings.caps, bench.ledger).summary().tokens.spent == tokens


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/v1", "http://no-such-host.invalid/v1"])
def test_what_reached_nobody_costs_nothing(address: str, bench: Bench, waits: list[float]) -> None:
    model = Endpoint("some-model", address)
    with pytest.raises(ModelError):
        bench.role_model(model).ask(ASK)
    model.close()
    assert {fault["cost"]["tokens"] for fault in bench.facts("model.fault")} == {0}


def test_a_cap_on_tokens_sees_failed_calls(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [refuses(500)]
    bench.settings.caps = Caps(tokens=5 * PROMPT, disk_mb=None)
    role_model, ended = bench.role_model(endpoint), list[str]()
    for sample in range(200):
        try:
            role_model.ask(ASK, sample=sample, max_tokens=10)
        except PelagosError as error:
            ended.append(error.resource if isinstance(error, CapReached) else "failed")
    assert ended.index("tokens") < 4
    assert len(script.seen) <= 6
    assert all(wait <= MAX_WAIT_S for wait in waits)


def test_a_price_is_that_of_the_prompt_and_of_what_was_written(
    script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    table = bench.folder / "prices.toml"
    table.write_text('[[price]]\nmodel = "openai:some-*"\ninput = 1\noutput = 1000\n')
    bench.settings.models = Models(retries=0, prices=table)
    script.answers = [breaks_off]
    with pytest.raises(ModelError):
        bench.role_model(endpoint).ask(ASK)
    (fault,) = bench.facts("model.fault")
    assert fault["cost"]["usd"] == pytest.approx((PROMPT + 1000 * (len(HALF) // 4)) / 1e6)
