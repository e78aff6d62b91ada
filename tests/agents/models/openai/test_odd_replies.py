"""Odd but usable replies are used; unusable ones are told in the provider's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from agents.models.openai.endpoint import Endpoint
from pelagos.errors import BadReply, ModelUnavailable
from tests.agents.models.conftest import Answer, Bench, Script, completion, replies, says
from tools.toolchain import Message

ASK = [Message("user", "Say something.")]


class Pet(BaseModel):
    name: str
    age: int


def message(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": fields, "finish_reason": "stop"}], "usage": {"prompt_tokens": 10}}


USABLE: dict[str, Answer] = {
    "parts": says(json.dumps(message(content=[{"type": "text", "text": "fi"}, {"type": "text", "text": "ne"}]))),
    "parts, one of them thoughts": says(
        json.dumps(message(content=[{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "fine"}]))
    ),
    "null counts": says(json.dumps(completion("fine") | {"usage": {"prompt_tokens": None, "completion_tokens": None}})),
    "no counts": says(json.dumps(completion("fine") | {"usage": None})),
    "counts as text": says(json.dumps(completion("fine") | {"usage": {"prompt_tokens": "7"}})),
    "null details": says(
        json.dumps(completion("fine") | {"usage": {"prompt_tokens": 9, "prompt_tokens_details": None}})
    ),
    "byte order mark": says("\ufeff" + json.dumps(completion("fine"))),
    "event stream": says(f"data: {json.dumps(completion('fine'))}\n\ndata: [DONE]\n\n"),
    "event stream in pieces": says(
        'data: {"choices": [{"delta": {"content": "fi"}}]}\n\ndata: {"choices": [{"delta": {"content": "ne"}}]}\n\n'
    ),
    "null error": says(json.dumps(completion("fine") | {"error": None})),
    "null finish": replies("fine", finish_reason=None),
    "old form": says(json.dumps({"choices": [{"text": "fine"}]})),
    "null log-probability": replies("fine", logprobs={"content": [{"token": "fine", "logprob": None}]}),
    "log-probabilities of the older form": replies("fine", logprobs={"tokens": ["fine"], "token_logprobs": [-0.1]}),
    "thoughts": replies("<think>\nhm\n</think>\n\nfine"),
    "thoughts elsewhere": says(json.dumps(message(content="fine", reasoning_content="hm"))),
}


@pytest.mark.parametrize("name", USABLE)
@pytest.mark.parametrize("role", ["ideator", "coder"])
def test_usable(name: str, role: str, script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [USABLE[name]]
    assert bench.role_model(endpoint, role).ask(ASK) == "fine"
    assert len(script.seen) == 1
    assert bench.facts("model")[0]["cost"]["tokens"] > 0


TOLD = {
    "credits in a 200": (says('{"error": {"message": "Insufficient credits", "code": 402}}'), "Insufficient credits"),
    "no code": (says('{"error": {"message": "Insufficient credits"}}'), "Insufficient credits"),
    "an error as text": (says('{"error": "model is overloaded"}'), "model is overloaded"),
    "in the choice": (says('{"choices": [{"error": {"message": "bad gateway", "code": 502}}]}'), "bad gateway"),
    "the quota": (says('{"error": {"code": "insufficient_quota", "message": "You exceeded"}}', 429), "You exceeded"),
    "login page": (says("<html><title>Sign in</title></html>"), "web page 'Sign in'"),
    "null choices": (says('{"choices": null}'), "not a chat completion"),
    "a refusal": (says(json.dumps(message(content=None, refusal="I can't help"))), "I can't help"),
    "filtered": (replies("", finish_reason="content_filter"), "filtered"),
    "filtered prompt": (says('{"error": {"message": "content management policy"}}', 400), "content management policy"),
    "no room": (says('{"error": {"message": "the prompt is too long for the context size"}}', 400), "larger context"),
}


@pytest.mark.parametrize("name", TOLD)
def test_unusable_in_the_providers_words(
    name: str, script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    answer, words = TOLD[name]
    script.answers = [answer]
    with pytest.raises((BadReply, ModelUnavailable), match=words) as raised:
        bench.role_model(endpoint).ask(ASK, max_tokens=64)
    assert "NoneType" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_refused_prompt_is_a_bad_reply_of_that_call_alone(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [TOLD["filtered prompt"][0], replies("fine")]
    role_model = bench.role_model(endpoint)
    with pytest.raises(BadReply):
        role_model.ask(ASK)
    assert role_model.ask(ASK, sample=1) == "fine"
    assert len(script.seen) == 2


def test_a_small_servers_room_is_asked_for(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    full = (
        "maximum context length is 4096 tokens. However, you requested 5000 tokens (1000 in the messages, 4000 in ...)"
    )
    script.answers = [says(json.dumps({"error": {"message": full}}), 400), replies("fine"), replies("more")]
    role_model = bench.role_model(endpoint)
    assert role_model.ask(ASK, max_tokens=4000) == "fine"
    assert role_model.ask(ASK, max_tokens=4000, sample=1) == "more"
    assert [body["max_tokens"] for body in script.seen] == [4000, 4096 - 1000 - 8, 4000]


@pytest.mark.parametrize("words", ["", "Bad Request", "unknown field"])
def test_any_400_to_a_schema_is_tried_without_it_once(
    words: str, script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [says(words, 400), replies('{"name": "Rex", "age": 3}')]
    role_model = bench.role_model(endpoint)
    assert role_model.ask_json(ASK, Pet).name == "Rex"
    assert role_model.ask_json(ASK, Pet, sample=1).name == "Rex"
    assert ["response_format" in body for body in script.seen] == [True, False, False]


def test_what_did_not_help_is_not_remembered(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [says("", 400), says("", 400), replies('{"name": "Rex", "age": 3}')]
    role_model = bench.role_model(endpoint)
    with pytest.raises(ModelUnavailable):
        role_model.ask_json(ASK, Pet)
    assert role_model.ask_json(ASK, Pet, sample=1).name == "Rex"
    assert ["response_format" in body for body in script.seen] == [True, False, True]


def test_cut_prompt_is_noticed(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("fine")]  # the server counts 10 tokens
    with pytest.raises(BadReply, match="truncates prompts"):
        bench.role_model(endpoint).ask([Message("user", "A word and another one. " * 400)])


@pytest.mark.parametrize(
    "text",
    [
        '{"thought": 1} {"name": "Rex", "age": 3}',
        '```json\n{"example": {}}\n```\n```json\n{"name": "Rex", "age": 3}\n```',
        '{"answer": {"name": "Rex", "age": 3}}',
        '[{"name": "Rex", "age": 3}]',
        '{"items": [{"x": 1}, {"name": "Rex", "age": 3}]}',
        'if (x) { return; } {"name": "Rex", "age": 3}',
    ],
)
def test_every_object_is_tried(text: str, script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies(text)]
    assert bench.role_model(endpoint).ask_json(ASK, Pet) == Pet(name="Rex", age=3)
