"""The in-process engine with the tiny twin's real weights."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from agents.models.embedded import Embedded
from agents.models.locate import locate, present
from agents.models.protocol import Request
from pelagos.errors import ModelTimeout, ModelUnavailable
from pelagos.settings import Models
from tests.agents.models.conftest import Bench
from tools.toolchain import Message

pytest.importorskip("xllamacpp", reason="the embedded engine is not installed: pip install 'pelagos[local]'")
pytestmark = pytest.mark.embedded
SMALL = Models(context=2048, parallel=4, timeout_s=100, retries=0)
STORY = Message("user", "The whale swims far. " * 40 + "Write a long story about whales.")


@pytest.fixture(scope="module")
def tiny() -> Embedded:
    locate("smollm2-135m")
    return Embedded("smollm2-135m", SMALL)


@pytest.fixture
def slow_bench(bench: Bench) -> Bench:
    bench.settings.models = SMALL
    return bench


def request(text: str = "Say hello.", **more: object) -> Request:
    return Request(role="coder", messages=[Message("user", text)], **{"max_tokens": 20, **more})


class Person(BaseModel):
    name: str = Field(max_length=20)
    age: int = Field(ge=0, le=120)


def test_completion_and_its_counts(tiny: Embedded) -> None:
    reply = tiny.complete(request(temperature=0.0), 60)
    assert reply.text.strip()
    assert 0 < reply.tokens_out <= 20 < reply.tokens_in
    assert tiny.complete(request(temperature=0.0), 60).text == reply.text


def test_schema_holds_even_for_a_model_that_cannot_follow_it(tiny: Embedded, slow_bench: Bench) -> None:
    person = slow_bench.mind(tiny).ask_json([Message("user", "A person.")], Person, max_tokens=80)
    assert person.name
    (origin,) = slow_bench.facts("model.file")
    assert origin["sha256"].startswith("b179c952")
    assert origin["licence"].startswith("Apache-2.0")


def test_probability_comes_from_token_probabilities(tiny: Embedded, slow_bench: Bench) -> None:
    mind = slow_bench.mind(tiny)
    yes = mind.probability([Message("user", "Reply with the one word Yes.")])
    assert 0.5 < yes < 1
    assert mind.probability([Message("user", "Reply with the one word No.")]) < yes


def test_parallel_samples_of_one_prompt_read_it_once_and_differ(tiny: Embedded) -> None:
    asked = [request(STORY.content, sample=n, seed=n, temperature=1.0, max_tokens=24) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda one: tiny.complete(one, 100), asked))
    assert len({reply.text for reply in replies}) > 1
    assert all(reply.tokens_out == 24 and reply.tokens_in > 200 for reply in replies)


def test_different_prompts_are_decoded_as_one_batch(tiny: Embedded) -> None:
    """Four at a time end together; one after another the first would end long before the last."""
    asked = [request(f"Write a long story about {n} bats.", max_tokens=60) for n in range(4)]
    ends: list[float] = []
    began = time.monotonic()

    def run(one: Request) -> None:
        tiny.complete(one, 100)
        ends.append(time.monotonic() - began)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, asked))
    assert min(ends) > 0.5 * max(ends)


def test_time_is_up_and_the_engine_goes_on(tiny: Embedded) -> None:
    tiny.complete(request(), 60)
    began = time.monotonic()
    with pytest.raises(ModelTimeout):
        tiny.complete(request("Write a very long story.", max_tokens=1500), 0.3)
    assert time.monotonic() - began < 1
    assert tiny.complete(request(), 60).text


def test_prompt_that_is_too_long_is_refused_for_good(tiny: Embedded, slow_bench: Bench) -> None:
    with pytest.raises(ModelUnavailable, match="exceeds the available context"):
        slow_bench.mind(tiny).ask([Message("user", "hello " * 5000)])
    assert [fault["cause"] for fault in slow_bench.facts("model.fault")] == ["refused"]


def test_two_models_of_one_file_share_the_engine(tiny: Embedded) -> None:
    path = present("smollm2-135m")
    assert path is not None
    other = Embedded("smollm2-135m", SMALL)
    other.complete(request(), 60)
    tiny.complete(request(), 60)
    assert other._engine is tiny._engine


def test_nothing_on_stderr_and_a_clean_end_with_a_call_in_flight() -> None:
    script = """
import contextlib, threading, time
from agents.models.embedded import Embedded
from agents.models.protocol import Request
from pelagos.errors import ModelUnavailable
from pelagos.settings import Models
from tools.toolchain import Message
model = Embedded("smollm2-135m", Models(context=2048))
def ask(n):
    with contextlib.suppress(ModelUnavailable):
        model.complete(Request(role="coder", messages=[Message("user", "A story.")], max_tokens=n), 60)
ask(5)
threading.Thread(target=ask, args=(1500,), daemon=True).start()
time.sleep(0.5)
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, timeout=100)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
