"""A run of replies that can't be used ends in one error with the reason, for every role and every way of asking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from agents.models.endpoint import Endpoint
from agents.models.mind import ModelMind
from agents.models.streak import MOST
from pelagos.errors import BadReply, ModelTimeout, ModelUnavailable
from tests.agents.models.conftest import Answer, Bench, Script, hangs, replies, says
from tools.toolchain import Message

ASK = [Message("user", "Say something.")]


class Pet(BaseModel):
    name: str


WAYS: dict[str, Callable[[ModelMind, int], object]] = {
    "text": lambda mind, n: mind.ask(ASK, sample=n),
    "object": lambda mind, n: mind.ask_json(ASK, Pet, sample=n),
    "probability": lambda mind, n: mind.probability([Message("user", f"Is it {n}?")]),
}
USELESS: dict[str, tuple[Answer, str]] = {
    "login page": (says("<html><title>Log in</title>"), "Log in"),
    "error in a body": (says('{"error": {"message": "no GPU left"}}'), "no GPU left"),
    "filter": (says('{"error": {"message": "content_filter"}}', 400), "content_filter"),
    "no context": (says('{"error": {"message": "prompt too long for the context size"}}', 400), "context size"),
}


@pytest.mark.parametrize("name", USELESS)
@pytest.mark.parametrize("way", WAYS)
def test_the_last_of_too_many_says_that_the_model_is_of_no_use(
    name: str, way: str, script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    bench.settings.models.retries = 0
    script.answers, words = [USELESS[name][0]], USELESS[name][1]
    mind = bench.mind(endpoint, "planner")
    for n in range(MOST - 1):
        with pytest.raises(BadReply):
            WAYS[way](mind, n)
    with pytest.raises(ModelUnavailable, match=rf"planner: {MOST} calls in a row gave nothing usable.*{words}"):
        WAYS[way](mind, MOST)


def test_objects_that_never_fit_count_as_well(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("I would rather talk about fish.")]
    mind = bench.mind(endpoint)
    for n in range(MOST - 1):
        with pytest.raises(BadReply):
            mind.ask_json(ASK, Pet, sample=n)
    with pytest.raises(ModelUnavailable, match="holds no whole JSON object"):
        mind.ask_json(ASK, Pet, sample=MOST)


def test_one_good_reply_begins_anew(script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]) -> None:
    bench.settings.models.retries = 0
    bad = USELESS["login page"][0]
    script.answers = [*[bad] * (MOST - 1), replies("fine"), *[bad] * (MOST - 1), replies("fine")]
    mind = bench.mind(endpoint)
    for n in range(2 * MOST):
        with contextlib.suppress(BadReply):
            mind.ask(ASK, sample=n)


def test_silence_counts(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    bench.settings.models = bench.settings.models.model_copy(update={"timeout_s": 0.02, "retries": 0})
    script.answers = [hangs(0.3)]
    mind = bench.mind(endpoint)
    for n in range(MOST - 1):
        with pytest.raises(ModelTimeout):
            mind.ask(ASK, sample=n)
    with pytest.raises(ModelUnavailable, match=f"{MOST} calls in a row gave nothing usable"):
        mind.ask(ASK, sample=MOST)
