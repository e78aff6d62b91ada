"""A reasoning model gets room for its thoughts, once it has shown that it thinks."""

from __future__ import annotations

import json

import pytest

from agents.models.openai.endpoint import Endpoint
from agents.models.openai.sender import MAX_TOKENS, THOUGHTS
from pelagos.errors import BadReply
from tests.agents.models.conftest import Answer, Bench, Script, completion, replies, says
from tools.toolchain import Message

ASK = [Message("user", "Say something.")]


def only_thoughts(text: str | None, **fields: str) -> Answer:
    body = completion("")
    body["choices"][0] |= {"finish_reason": "length", "message": {"content": text, **fields}}
    return says(json.dumps(body))


THINKING = {
    "in a field": only_thoughts(None, reasoning_content="hm"),
    "in another field": only_thoughts("", reasoning="hm"),
    "in the text": only_thoughts("<think>hm, so"),
    "hidden": only_thoughts(""),
    "as a refusal": says(
        '{"error": {"message": "Could not finish the message because max_tokens or model output limit was reached. '
        'Please try again with higher max_tokens."}}',
        400,
    ),
}


@pytest.mark.parametrize("name", THINKING)
def test_room_grows_and_stays(name: str, script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]) -> None:
    script.answers = [THINKING[name], THINKING[name], replies("fine")]
    role_model = bench.role_model(endpoint)
    assert role_model.ask(ASK, max_tokens=700) == "fine"
    assert role_model.ask(ASK, max_tokens=300, sample=1) == "fine"
    assert [body["max_tokens"] for body in script.seen] == [700, 700 + THOUGHTS, 700 + 2 * THOUGHTS, 300 + 2 * THOUGHTS]
    assert [fault["cause"] for fault in bench.facts("model.fault")] == ["thoughts"] * 2


def test_room_is_bounded_and_the_reason_is_told(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [THINKING["in the text"]]
    role_model = bench.role_model(endpoint)
    for sample in range(4):
        with pytest.raises(BadReply, match="thoughts"):
            role_model.ask(ASK, max_tokens=700, sample=sample)
    assert max(body["max_tokens"] for body in script.seen) == MAX_TOKENS


def test_setting_gives_room_from_the_start(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    bench.settings.models.thoughts = 2000
    script.answers = [replies("fine")]
    bench.role_model(endpoint).ask(ASK, max_tokens=700)
    assert script.seen[0]["max_tokens"] == 2700


def test_probability_of_a_thinking_model_is_its_word(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    think = {"logprobs": {"content": [{"token": "<think>", "logprob": 0.0, "top_logprobs": []}]}}
    script.answers = [replies("<think>", **think), THINKING["in the text"], replies("<think>No?</think>Yes.")]
    assert bench.role_model(endpoint).probability(ASK) == 1.0
    assert [body["max_tokens"] for body in script.seen] == [1, 16, 16 + THOUGHTS]
