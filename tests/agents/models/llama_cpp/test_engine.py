"""What becomes of requests when the engine fails. The real one can't be made to fail, so a server of a few lines
does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agents.models.llama_cpp.engine import Engine
from agents.models.protocol import Request, TimeLimit
from pelagos.errors import CapReached, MissingPart, ModelTimeout, ModelUnavailable
from tests.agents.models.conftest import Bench
from tools.toolchain import Message

Take = Callable[[dict[str, Any]], bool]
TIMINGS = {"prompt_n": 7, "cache_n": 3, "prompt_ms": 500.0, "predicted_n": 2, "predicted_ms": 100.0}
PROGRESS = {"total": 900, "cache": 56, "processed": 256, "time_ms": 9000}
SOON = TimeLimit(5.0, 5.0)


def piece(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, **more}], "timings": TIMINGS}


def answers(take: Take) -> None:
    take(piece("fi"))
    take(piece("ne", finish_reason="stop"))
    take({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2}, "timings": TIMINGS})


def raises(take: Take) -> None:
    raise RuntimeError("ggml:\n out of  memory")


def breaks_off(take: Take) -> None:
    take(piece("fi"))


def reports_a_failure(take: Take) -> None:
    take({"error": {"code": 500, "message": "Compute error.", "type": "server_error"}})


def refuses(take: Take) -> None:
    take({"error": {"code": 400, "message": "too long"}})


class Server:
    """Behaves, one request after the other, as `acts` say; a `load` of it counts how often it was loaded."""

    def __init__(self, *acts: Callable[[Take], None]) -> None:
        self.acts, self.loads = list(acts), 0

    def load(self, _threads: int) -> Server:
        self.loads += 1
        return self

    def handle_chat_completions(self, _asked: dict[str, Any], take: Take) -> None:
        (self.acts.pop(0) if len(self.acts) > 1 else self.acts[0])(take)


class OfServer:
    """A model on an engine with that server."""

    local, strong, spec = True, False, "embedded:scripted"

    def __init__(self, server: Server) -> None:
        self.engine = Engine(server.load, 1, 1, None, lambda _text: None)

    def complete(self, request: Request, limit: TimeLimit) -> Any:
        return self.engine.complete(request, limit)

    def close(self) -> None:
        self.engine.stop()


def request(**more: Any) -> Request:
    return Request(role="coder", messages=[Message("user", "Say.")], **more)


@pytest.mark.parametrize("failure", [raises, breaks_off, reports_a_failure])
def test_after_a_failure_the_next_try_has_a_fresh_engine(
    failure: Callable[[Take], None], bench: Bench, waits: list[float]
) -> None:
    server = Server(failure, answers)
    assert bench.role_model(OfServer(server)).ask([Message("user", "Say.")]) == "fine"
    assert server.loads == 2
    (fault,) = bench.facts("model.fault")
    assert fault["cause"] == "server_error"
    assert fault["error"].startswith("embedded model: ")
    assert "\n" not in fault["error"]


def test_an_engine_that_fails_again_is_final_and_later_calls_try_anew(bench: Bench, waits: list[float]) -> None:
    server = Server(raises)
    role_model = bench.role_model(OfServer(server))
    with pytest.raises(ModelUnavailable, match="ggml: out of memory"):
        role_model.ask([Message("user", "Say.")])
    assert server.loads == 2
    server.acts = [answers]
    assert role_model.ask([Message("user", "Say.")]) == "fine"
    assert server.loads == 3


def test_weights_that_are_gone_when_the_engine_is_loaded_again_are_no_crash() -> None:
    server = Server(raises)
    engine = Engine(server.load, 1, 1, None, print)
    with pytest.raises(ModelUnavailable):
        engine.complete(request(), SOON)

    def gone(_threads: int) -> Any:
        raise MissingPart("embedded model: can't be loaded")

    engine._load = gone
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        engine.complete(request(), SOON)
    engine._load, server.acts = server.load, [answers]
    assert engine.complete(request(), SOON).text == "fine"


def test_a_refusal_is_the_requests_fault_and_the_engine_stays() -> None:
    server = Server(refuses, answers)
    engine = Engine(server.load, 1, 1, None, print)
    with pytest.raises(ModelUnavailable, match="too long"):
        engine.complete(request(), SOON)
    assert engine.complete(request(), SOON).text == "fine"
    assert server.loads == 1


def test_what_was_read_and_how_long_it_took_is_in_the_reply() -> None:
    reply = Engine(Server(answers).load, 1, 1, None, print).complete(request(), SOON)
    assert (reply.tokens_in, reply.tokens_read, reply.tokens_out) == (10, 7, 2)
    assert (reply.read_s, reply.write_s) == (0.5, 0.1)


@pytest.mark.parametrize(
    ("text", "more", "kept"),
    [("one\ntwo", {}, True), ("one", {}, False), ("\n\none", {}, False), ('{\n"a":', {"schema_": {"type": "object"}}, False)],
)  # fmt: skip
@pytest.mark.parametrize("limit", [TimeLimit(0.2, 0.2), TimeLimit(9.0, 9.0, 0.2)])
def test_whole_lines_of_free_text_survive_a_limit(text: str, more: Any, kept: bool, limit: TimeLimit) -> None:
    over = threading.Event()

    def starts(take: Take) -> None:
        take(piece(text))
        over.wait(5)

    engine = Engine(Server(starts).load, 1, 1, None, print)
    limit = TimeLimit(limit.silence_s, limit.answer_s, limit.deadline and time.monotonic() + limit.deadline)
    try:
        if kept:
            reply = engine.complete(request(**more), limit)
            assert (reply.text, reply.finish, reply.tokens_out) == (text, "length", 2)
        else:
            with pytest.raises(Exception, match="the time is up" if limit.deadline else "no sign of life"):
                engine.complete(request(**more), limit)
    finally:
        over.set()


def test_what_was_read_before_a_limit_is_known_to_be_spent() -> None:
    over = threading.Event()

    def reads(take: Take) -> None:
        take(piece("", finish_reason=None) | {"timings": None, "prompt_progress": PROGRESS})
        over.wait(5)

    with pytest.raises(ModelTimeout) as raised:
        Engine(Server(reads).load, 1, 1, None, print).complete(request(), TimeLimit(0.2, 0.2))
    over.set()
    assert raised.value.tokens == 200


def test_time_left_runs_out_in_a_mind(bench: Bench) -> None:
    over, end = threading.Event(), time.monotonic() + 0.3
    model = OfServer(Server(lambda take: over.wait(5)))
    role_model = bench.role_model(model, seconds_left=lambda: end - time.monotonic())
    with pytest.raises(CapReached, match="seconds"):
        role_model.ask([Message("user", "Say.")])
    over.set()
    assert bench.facts("model.fault") == bench.facts("model") == []


def test_never_more_in_flight_than_slots() -> None:
    lock, inside, most = threading.Lock(), 0, 0

    def counts(take: Take) -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.01)
        with lock:
            inside -= 1
        answers(take)

    engine = Engine(Server(counts).load, 2, 1, None, print)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: engine.complete(request(), SOON), range(20)))
    assert most == 2
