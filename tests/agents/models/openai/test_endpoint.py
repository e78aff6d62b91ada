"""What is sent, what a server may refuse of it, and where the key goes."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from agents.models.openai.endpoint import Endpoint
from tests.agents.models.conftest import Bench, Script, replies, says
from tools.toolchain import Message

ASK = [Message("system", "Be brief."), Message("user", "A pet.")]
URL = "http://host:1/v1"


class Pet(BaseModel):
    name: str
    age: int


def test_schema_is_sent_as_response_format(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies('{"name": "Rex", "age": 3}')]
    assert bench.role_model(endpoint).ask_json(ASK, Pet) == Pet(name="Rex", age=3)
    assert script.seen[0]["response_format"]["json_schema"]["schema"]["required"] == ["name", "age"]


@pytest.mark.parametrize(
    "said", ["response_format is not supported", "Unknown field: json_schema", "no guided decoding"]
)
def test_refused_schema_falls_back_to_words_once_and_for_all(
    said: str, script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [says(f'{{"error": {{"message": "{said}"}}}}', 400), replies('{"name": "Rex", "age": 3}')]
    role_model = bench.role_model(endpoint)
    assert role_model.ask_json(ASK, Pet).name == "Rex"
    assert role_model.ask_json(ASK, Pet, sample=1).name == "Rex"
    assert len(script.seen) == 3
    assert all("response_format" not in body for body in script.seen[1:])
    assert '"age"' in script.seen[1]["messages"][-1]["content"]
    assert "json_schema" in bench.facts("model")[0]["remarks"][0]


def test_other_fields_a_server_refuses_are_left_out(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [
        says('{"error": {"message": "use max_completion_tokens instead of max_tokens"}}', 400),
        says('{"error": {"message": "temperature must be the default"}}', 400),
        replies("fine"),
    ]
    assert bench.role_model(endpoint).ask(ASK, max_tokens=77) == "fine"
    assert script.seen[-1]["max_completion_tokens"] == 77
    assert not {"max_tokens", "temperature"} & set(script.seen[-1])


def test_server_that_refuses_without_end_is_given_up(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [says("max_completion_tokens response_format seed stop temperature", 400)]
    with pytest.raises(Exception, match="HTTP 400"):
        bench.role_model(endpoint).ask_json(ASK, Pet)
    assert len(script.seen) <= 6


def test_token_counts_are_estimated_and_said_where_none_are_reported(
    script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [says('{"choices": [{"message": {"content": "fine"}}]}')]
    bench.role_model(endpoint).ask(ASK)
    (fact,) = bench.facts("model")
    assert fact["cost"]["tokens"] > 0
    assert "estimated" in fact["remarks"][0]


def test_key_is_sent_and_appears_nowhere_else(
    script: Script, bench: Bench, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELAGOS_API_KEY", "s3cret-key")
    script.answers = [says("", 500), replies("fine")]
    bench.role_model(Endpoint("m", script.url)).ask(ASK)
    assert script.keys == ["Bearer s3cret-key"] * 2
    assert "s3cret" not in str(bench.ledger.events())
