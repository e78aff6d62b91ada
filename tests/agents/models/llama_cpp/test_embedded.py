"""The in-process engine with the tiny twin's real weights."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from agents.models.catalog.locate import find_local, locate
from agents.models.llama_cpp import llama
from agents.models.llama_cpp.embedded import EmbeddedModel
from agents.models.llama_cpp.engine import Engine
from agents.models.llama_cpp.threads import LoadMonitor
from agents.models.protocol import Reply, Request, TimeLimit
from pelagos.errors import ModelTimeout, ModelUnavailable
from pelagos.settings import Models
from tests.agents.models.conftest import Bench
from tools.toolchain import Message

pytest.importorskip("xllamacpp", reason="the embedded engine is not installed: pip install 'pelagos[local]'")
pytestmark = pytest.mark.embedded
SMALL = Models(context=2048, timeout_s=100, retries=0, threads=1)
PATIENT = TimeLimit(100, 100)
CORES = os.cpu_count() or 1
START = "These are the facts of the task, the same for all. " * 12


@pytest.fixture(scope="module")
def tiny() -> EmbeddedModel:
    locate("smollm2-135m")
    return EmbeddedModel("smollm2-135m", SMALL)


@pytest.fixture
def slow_bench(bench: Bench) -> Bench:
    bench.settings.models = SMALL
    return bench


def request(text: str = "Say hello.", **more: object) -> Request:
    return Request(role="coder", messages=[Message("user", text)], **{"max_tokens": 20, **more})


def until(seconds: float) -> TimeLimit:
    """A patient limit with a deadline so many seconds away."""
    return TimeLimit(100, 100, time.monotonic() + seconds)


def hog() -> int:
    """The pid of a busy loop that is no descendant of this process."""
    started = f"{sys.executable} -c 'while True: pass' >/dev/null 2>&1 & echo $!"
    return int(subprocess.run(["sh", "-c", started], capture_output=True, text=True, check=True).stdout)


class Person(BaseModel):
    name: str = Field(max_length=20)
    age: int = Field(ge=0, le=120)


def test_completion_and_its_counts(tiny: EmbeddedModel) -> None:
    reply = tiny.complete(request(temperature=0.0), PATIENT)
    assert reply.text.strip()
    assert 0 < reply.tokens_out <= 20 < reply.tokens_in
    assert tiny.complete(request(temperature=0.0), PATIENT).text == reply.text


def test_schema_holds_even_for_a_model_that_cannot_follow_it(tiny: EmbeddedModel, slow_bench: Bench) -> None:
    person = slow_bench.role_model(tiny).ask_json([Message("user", "A person.")], Person, max_tokens=80)
    assert person.name
    (origin,) = slow_bench.facts("model.file")
    assert origin["sha256"].startswith("b179c952")
    assert origin["licence"].startswith("Apache-2.0")


def test_probability_comes_from_token_probabilities(tiny: EmbeddedModel, slow_bench: Bench) -> None:
    role_model = slow_bench.role_model(tiny)
    yes = role_model.probability([Message("user", "Reply with the one word Yes.")])
    assert 0.5 < yes < 1
    assert role_model.probability([Message("user", "Reply with the one word No.")]) < yes


def test_what_was_read_is_not_read_again(tiny: EmbeddedModel) -> None:
    """Prompts with a common start that take turns read their own part; one that was displaced comes back whole."""

    def read(tail: str, start: str = START) -> Reply:
        return tiny.complete(request(start + tail, max_tokens=4), PATIENT)

    first = read("What is a cat? " * 10)
    assert first.read_s > 0
    for tail in ("Who is a king? " * 10, "What is a cat? " * 10, "Who is a king? " * 10):
        reply = read(tail)
        assert reply.tokens_in == first.tokens_in
        assert 0 < reply.tokens_read < 0.5 * reply.tokens_in
    displacing = read("Tell me more.", "Quite another text, from one end to the other. " * 20)
    assert displacing.tokens_read > 0.8 * displacing.tokens_in
    assert read("Who is a king? " * 10).tokens_read < 10


def test_a_rewrite_is_the_same_with_and_without_guesses(tiny: EmbeddedModel) -> None:
    """Guesses from the prompt change the speed and nothing else: the engine is asked with and without them."""
    path = locate("smollm2-135m").path
    code = "def add(a, b):\n    return a + b\n\n" * 8
    asked = request(f"Repeat exactly:\n{code}", temperature=0.0, max_tokens=80)
    texts = []
    for types in (None, []):
        params = llama.parameters(path, 1, 2048, 1)
        params.speculative.types = params.speculative.types if types is None else []
        engine = Engine(lambda _threads, params=params: llama.start(params), 1, 1, None, print)
        texts.append(engine.complete(asked, PATIENT).text)
        engine.stop()
    assert texts[0] == texts[1]
    assert texts[0].count("return a + b") > 1


@pytest.mark.parametrize("stop", ["\n```\n", '("'])
def test_stop_sequence_ends_the_reply_and_is_not_in_it(stop: str, tiny: EmbeddedModel) -> None:
    asked = request("Show a hello world in Python in a code block and explain it.", temperature=0.0, max_tokens=60)
    whole = tiny.complete(asked, PATIENT)
    assert stop in whole.text
    cut = tiny.complete(asked.model_copy(update={"stop": (stop,)}), PATIENT)
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert (cut.finish, cut.tokens_out < whole.tokens_out) == ("stop", True)


def test_requests_wait_for_the_slot_and_their_limit_begins_with_it(tiny: EmbeddedModel) -> None:
    """The first takes longer than the silence that the second bears."""
    asked = [request(f"Write a long story about {n} bats.", max_tokens=100) for n in range(3)]
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda one: tiny.complete(one, TimeLimit(2.0, 2.0)), asked))
    assert all(reply.tokens_out > 20 for reply in replies)
    assert all(reply.seconds >= 0.9 * (reply.read_s + reply.write_s) for reply in replies)


def test_a_request_that_makes_progress_outlives_any_limit_of_silence(tiny: EmbeddedModel) -> None:
    asked = request("Write a very long story. " * 40, max_tokens=600)
    reply = tiny.complete(asked, TimeLimit(3.0, 0.1))
    assert reply.seconds > 3
    assert reply.tokens_out > 100


def test_time_is_up_and_the_engine_goes_on(tiny: EmbeddedModel) -> None:
    tiny.complete(request(), PATIENT)
    began = time.monotonic()
    with pytest.raises(ModelTimeout, match="the time is up"):
        tiny.complete(request("Write a very long story.", max_tokens=1500, schema_={"type": "string"}), until(0.5))
    assert time.monotonic() - began < 1
    assert tiny.complete(request(), PATIENT).text


def test_lines_that_were_written_when_the_time_is_up_are_kept(tiny: EmbeddedModel) -> None:
    tiny.complete(request(), PATIENT)
    asked = request("Write the numbers:\n1\n2\n3\n4\n5\n6\n7\n8\nGo on to 900.", temperature=0.0, max_tokens=1500)
    reply = tiny.complete(asked, until(5.0))
    assert (reply.finish, "\n" in reply.text.strip()) == ("length", True)
    assert 0 < reply.tokens_out < 1500
    assert reply.tokens_in > 5


def test_an_engine_that_gives_no_sign_of_life_is_left_and_loaded_anew(tiny: EmbeddedModel) -> None:
    path, loads = locate("smollm2-135m").path, []

    def load(threads: int) -> object:
        loads.append(threads)
        return llama.start(llama.parameters(path, 1, 2048, threads))

    engine = Engine(load, 1, 1, None, print)
    with pytest.raises(ModelTimeout, match="no sign of life"):
        engine.complete(request("Read all of this. " * 200), TimeLimit(0.01, 0.01))
    assert engine.complete(request(), PATIENT).text
    assert loads == [1, 1]
    engine.stop()


@pytest.mark.skipif(CORES < 2, reason="one core has no other number of threads")
def test_a_busy_machine_is_noticed_while_the_run_lives(tiny: EmbeddedModel) -> None:
    """A real hog that is no child of ours; the old engine's threads end with it."""
    path, notes = locate("smollm2-135m").path, []
    monitor = LoadMonitor(CORES, 0.5)
    engine = Engine(lambda n: llama.start(llama.parameters(path, 1, 2048, n)), 1, CORES, monitor, notes.append)
    engine.complete(request(), PATIENT)
    alive, hogs = len(os.listdir("/proc/self/task")), [hog() for _ in range(CORES // 2)]
    try:
        for _ in range(30):
            engine.complete(request("Write a long story. ", max_tokens=10), PATIENT)
            if notes:
                break
    finally:
        for pid in hogs:
            os.kill(pid, signal.SIGKILL)
    assert len(notes) == 1
    assert re.fullmatch(rf"the machine is busier: \d+ threads? instead of {CORES}", notes[0])
    assert len(os.listdir("/proc/self/task")) <= alive
    engine.stop()


def test_prompt_that_is_too_long_is_refused_for_good(tiny: EmbeddedModel, slow_bench: Bench) -> None:
    with pytest.raises(ModelUnavailable, match="exceeds the available context"):
        slow_bench.role_model(tiny).ask([Message("user", "hello " * 5000)])
    assert [fault["cause"] for fault in slow_bench.facts("model.fault")] == ["refused"]


def test_two_models_of_one_file_share_the_engine(tiny: EmbeddedModel) -> None:
    path = find_local("smollm2-135m")
    assert path is not None
    other = EmbeddedModel("smollm2-135m", SMALL)
    other.complete(request(), PATIENT)
    tiny.complete(request(), PATIENT)
    assert other._engine is tiny._engine


def test_nothing_on_stderr_and_a_clean_end_with_a_call_in_flight() -> None:
    script = """
import contextlib, threading, time
from agents.models.llama_cpp.embedded import EmbeddedModel
from agents.models.protocol import Reply, Request, TimeLimit
from pelagos.errors import ModelUnavailable
from pelagos.settings import Models
from tools.toolchain import Message
model = EmbeddedModel("smollm2-135m", Models(context=2048))
def ask(n):
    with contextlib.suppress(ModelUnavailable):
        model.complete(Request(role="coder", messages=[Message("user", "A story.")], max_tokens=n), TimeLimit(60, 60))
ask(5)
threading.Thread(target=ask, args=(1500,), daemon=True).start()
time.sleep(0.5)
"""
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, timeout=100)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
