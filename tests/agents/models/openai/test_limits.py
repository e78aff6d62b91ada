"""Limits follow the measured speed, and what timed out isn't asked again as it was; by a real server."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from agents.models.openai.endpoint import Endpoint
from pelagos.errors import CapReached, ModelTimeout
from pelagos.settings import Models
from tests.agents.models.conftest import Answer, Bench, Handler, Script, completion, hangs, replies
from tools.toolchain import Message

ASK = [Message("user", "Say something.")]
pytestmark = pytest.mark.usefixtures("impatient")


def writes(tokens_a_second: float) -> Answer:
    """A completion of as many tokens as were asked for, at that speed."""

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        time.sleep(body["max_tokens"] / tokens_a_second)
        reply = completion("fine") | {"usage": {"prompt_tokens": 10, "completion_tokens": body["max_tokens"]}}
        handler.send(200, json.dumps(reply))

    return answer


def test_a_slow_server_is_waited_for_as_long_as_its_speed_says(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    """At a tenth of the speed: what takes three times the plain limit comes, since the first answers showed the
    speed."""
    script.answers = [writes(1000.0)]
    role_model = bench.role_model(endpoint)
    role_model.ask(ASK, max_tokens=400)
    script.answers = [writes(400.0)]
    role_model.ask(
        ASK, sample=1, max_tokens=500
    )  # 1.25 s: more than timeout_s, less than four times the measured speed
    role_model.ask(ASK, sample=2, max_tokens=600)
    assert len(script.seen) == 3
    assert bench.facts("model.fault") == []


def test_the_first_call_of_an_unmeasured_server_has_a_generous_limit(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [writes(100.0)]
    assert bench.role_model(endpoint).ask(ASK, max_tokens=100) == "fine"  # 1 s with timeout_s of 0.5
    assert len(script.seen) == 1


def test_what_timed_out_is_asked_once_more_for_half(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [hangs(5.0)]
    began = time.monotonic()
    with pytest.raises(ModelTimeout):
        bench.role_model(endpoint).ask(ASK, max_tokens=1000)
    assert [body["max_tokens"] for body in script.seen] == [1000, 500]
    assert time.monotonic() - began == pytest.approx(3 * 0.5 + 2 * 0.5, abs=0.7)


@pytest.mark.parametrize(("asked", "again"), [(200, 128), (60, 60)])
def test_what_is_asked_again_has_room_for_an_answer(
    asked: int, again: int, script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [hangs(5.0), replies("fine")]
    assert bench.role_model(endpoint).ask(ASK, max_tokens=asked) == "fine"
    assert [body["max_tokens"] for body in script.seen] == [asked, again]


def test_one_token_is_not_asked_for_again(script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]) -> None:
    script.answers = [hangs(5.0)]
    with pytest.raises(ModelTimeout):
        bench.role_model(endpoint).probability(ASK)
    assert len(script.seen) == 1


def test_what_a_timed_out_call_cost_is_estimated(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [hangs(5.0), replies("fine")]
    bench.role_model(endpoint).ask(ASK, max_tokens=300)
    (fact,) = bench.facts("model")
    assert 300 < fact["wasted_tokens"] < 350
    (fault,) = bench.facts("model.fault")
    assert (fact["cost"]["tokens"], fault["cost"]["tokens"]) == (15, fact["wasted_tokens"])


def test_the_time_left_ends_a_call_and_is_no_fault_of_the_model(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [hangs(5.0)]
    bench.settings.models = Models(timeout_s=100)
    end = time.monotonic() + 0.4
    role_model = bench.role_model(endpoint, seconds_left=lambda: end - time.monotonic())
    for sample in range(2):  # the second is not sent at all
        with pytest.raises(CapReached, match="seconds"):
            role_model.ask(ASK, sample=sample)
    assert time.monotonic() < end + 0.5
    assert len(script.seen) == 1
    assert bench.facts("model.fault") == []


def test_what_an_endpoint_says_of_its_cache_is_left_out_of_what_it_read(
    script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 64}}
    script.answers = [lambda handler, _body: handler.send(200, json.dumps(completion("x") | {"usage": usage}))]
    bench.role_model(endpoint).ask(ASK)
    (fact,) = bench.facts("model")
    assert (fact["tokens_in"], fact["tokens_read"], fact["read_s"]) == (100, 36, 0)
    assert fact["write_s"] == fact["seconds"] > 0
