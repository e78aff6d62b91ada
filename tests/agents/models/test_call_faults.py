"""Every way an endpoint can fail, by a real server: bounded tries, each recorded, an error of our tree or a success."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agents.models.call_faults import TransientFailure
from agents.models.openai.endpoint import Endpoint
from agents.models.openai.wire.failures import to_error
from pelagos.errors import BadReply, ModelError, ModelTimeout, ModelUnavailable
from tests.agents.models.conftest import Answer, Bench, Script, completion, hangs, replies, says, trickles
from tools.toolchain import Message

ASK = [Message("user", "Say something.")]
NONSENSE = "\x00\ufffd zork " * 12_000

FAULTS: dict[str, tuple[Answer, str, type[ModelError]]] = {
    "429": (says('{"error": {"message": "slow down"}}', 429), "rate_limited", ModelUnavailable),
    "500": (says("<html>boom</html>", 500), "server_error", ModelUnavailable),
    "hang": (hangs(3.0), "timeout", ModelTimeout),
    "trickle": (trickles, "timeout", ModelTimeout),
    "half JSON": (says(json.dumps(completion("hello"))[:40]), "not_json", BadReply),
    "cut connection": (says("{", 200, Content_Length="900"), "down", ModelUnavailable),
    "not a completion": (says('{"hello": []}'), "not_json", BadReply),
    "a JSON number": (says("17"), "not_json", BadReply),
    "empty answer": (replies("  \n"), "empty", BadReply),
    "100 KB of nonsense": (says(NONSENSE), "not_json", BadReply),
    "100 KB of nonsense, well wrapped": (replies(NONSENSE), "nonsense", BadReply),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_that_lasts_ends_in_our_error_after_bounded_tries(
    name: str, script: Script, endpoint: Endpoint, bench: Bench, waits: list[float], request: pytest.FixtureRequest
) -> None:
    answer, cause, error = FAULTS[name]
    if cause == "timeout":
        request.getfixturevalue("impatient")
    script.answers = [answer]
    began = time.monotonic()
    with pytest.raises(error) as raised:
        bench.role_model(endpoint).ask(ASK, max_tokens=50)
    assert time.monotonic() - began < 5
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400
    tries = 2 if cause == "timeout" else 3  # the first and two retries, of which a timeout gets one
    assert len(script.seen) == tries
    assert [fault["cause"] for fault in bench.facts("model.fault")] == [cause] * tries
    assert bench.facts("model") == []
    assert len(waits) == tries - 1


@pytest.mark.parametrize("name", FAULTS)
def test_fault_that_passes_is_recorded_and_the_answer_is_had(
    name: str, script: Script, endpoint: Endpoint, bench: Bench, waits: list[float], request: pytest.FixtureRequest
) -> None:
    if FAULTS[name][1] == "timeout":
        request.getfixturevalue("impatient")
    script.answers = [FAULTS[name][0], replies("fine")]
    assert bench.role_model(endpoint).ask(ASK, max_tokens=50) == "fine"
    assert [fault["cause"] for fault in bench.facts("model.fault")] == [FAULTS[name][1]]
    assert script.seen[0]["seed"] != script.seen[1]["seed"]


def test_nothing_listens(bench: Bench, waits: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        model = Endpoint("m", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ModelUnavailable, match="nothing answers"):
            bench.role_model(model).ask(ASK)
    assert [fault["cause"] for fault in bench.facts("model.fault")] == ["down"] * 3
    assert 0.5 <= waits[0] < waits[1] <= 1.5 * 1.0 + 0.01


def test_retry_after_is_heeded_but_not_without_bound(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [says("", 429, Retry_After="7"), says("", 429, Retry_After="86400"), replies("fine")]
    assert bench.role_model(endpoint).ask(ASK) == "fine"
    assert waits == [7.0, 60.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_refused_for_good_is_not_tried_again(
    status: int, script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [says('{"error": {"message": "no such model"}}', status)]
    with pytest.raises(ModelUnavailable, match=f"HTTP {status} no such model"):
        bench.role_model(endpoint).ask(ASK)
    assert len(script.seen) == 1
    assert [fault["cause"] for fault in bench.facts("model.fault")] == ["refused"]


def test_what_a_wasted_answer_cost_is_counted(
    script: Script, endpoint: Endpoint, bench: Bench, waits: list[float]
) -> None:
    script.answers = [replies(""), replies("fine")]
    bench.role_model(endpoint).ask(ASK)
    (fact,) = bench.facts("model")
    (fault,) = bench.facts("model.fault")
    assert (fact["wasted_tokens"], fact["cost"]["tokens"], fault["cost"]["tokens"]) == (15, 15, 15)


def test_retry_after_may_be_a_date_and_nonsense_is_none() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    asked = {}
    for text in (soon, "7", "inf", "nan", "soon", "-3"):
        error = to_error("m", 503, {"retry-after": text}, "")
        assert isinstance(error, TransientFailure)
        asked[text] = error.retry_after
    assert 80 < (asked.pop(soon) or 0) < 91
    assert asked == {"7": 7, "inf": None, "nan": None, "soon": None, "-3": 0}
