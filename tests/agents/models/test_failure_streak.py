"""A run of replies that can't be used ends in one error with the reason, for every role and every way of asking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from agents.models.failure_streak import MAX_FAILURES
from agents.models.openai.endpoint import Endpoint
from agents.models.role_model import RecordedRoleModel
from pelagos.errors import BadReply, ModelTimeout, ModelUnavailable, NothingUsable
from tests.agents.models.conftest import Answer, Bench, Script, hangs, replies, says
from tools.toolchain import Message

ASK = [Message("user", "Say something.")]


class Pet(BaseModel):
    name: str


WAYS: dict[str, Callable[[RecordedRoleModel, int], object]] = {
    "text": lambda role_model, n: role_model.ask(ASK, sample=n),
    "object": lambda role_model, n: role_model.ask_json(ASK, Pet, sample=n),
    "probability": lambda role_model, n: role_model.probability([Message("user", f"Is it {n}?")]),
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
    role_model = bench.role_model(endpoint, "planner")
    for n in range(MAX_FAILURES - 1):
        with pytest.raises(BadReply):
            WAYS[way](role_model, n)
    with pytest.raises(ModelUnavailable, match=rf"planner: {MAX_FAILURES} calls in a row gave nothing usable.*{words}"):
        WAYS[way](role_model, MAX_FAILURES)


def test_objects_that_never_fit_count_as_well(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("I would rather talk about fish.")]
    role_model = bench.role_model(endpoint)
    for n in range(MAX_FAILURES - 1):
        with pytest.raises(BadReply):
            role_model.ask_json(ASK, Pet, sample=n)
    with pytest.raises(NothingUsable, match="holds no whole JSON object"):
        role_model.ask_json(ASK, Pet, sample=MAX_FAILURES)


def test_one_good_reply_begins_anew(script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]) -> None:
    bench.settings.models.retries = 0
    bad = USELESS["login page"][0]
    script.answers = [*[bad] * (MAX_FAILURES - 1), replies("fine"), *[bad] * (MAX_FAILURES - 1), replies("fine")]
    role_model = bench.role_model(endpoint)
    for n in range(2 * MAX_FAILURES):
        with contextlib.suppress(BadReply):
            role_model.ask(ASK, sample=n)


def test_silence_counts(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    bench.settings.models = bench.settings.models.model_copy(update={"timeout_s": 0.02, "retries": 0})
    script.answers = [hangs(0.3)]
    role_model = bench.role_model(endpoint)
    for n in range(MAX_FAILURES - 1):
        with pytest.raises(ModelTimeout):
            role_model.ask(ASK, sample=n)
    with pytest.raises(ModelUnavailable, match=f"{MAX_FAILURES} calls in a row gave nothing usable") as away:
        role_model.ask(ASK, sample=MAX_FAILURES)
    assert type(away.value) is ModelUnavailable  # asked again it may answer
