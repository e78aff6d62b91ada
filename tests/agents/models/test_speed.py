from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.models.openai.endpoint import Endpoint
from agents.models.protocol import Reply
from agents.models.speed import Speed
from memory.ledger.ledger import Ledger
from tests.agents.models.conftest import Bench, Script, replies
from tools.toolchain import Message


def reply(read: int, read_s: float, written: int, write_s: float) -> Reply:
    return Reply(
        text="x", tokens_in=read, tokens_out=written, seconds=read_s + write_s, tokens_read=read, read_s=read_s,
        write_s=write_s,
    )  # fmt: skip


def test_speeds_are_totals_so_that_one_odd_reply_counts_little() -> None:
    speed = Speed()
    assert speed.expected_s(100, 100) is None
    for _ in range(11):
        speed.add_reply(reply(200, 10.0, 100, 10.0))
    speed.add_reply(reply(200, 10.0, 10, 0.01))
    assert speed.reading == pytest.approx(20)
    assert speed.writing == pytest.approx(10, rel=0.02)
    assert speed.expected_s(200, 100) == pytest.approx(20, rel=0.02)


def test_one_token_replies_say_nothing_about_writing() -> None:
    speed = Speed()
    speed.add_reply(reply(200, 10.0, 1, 0.000001))
    assert speed.writing is None
    assert speed.expected_s(200, 1) == pytest.approx(10)
    assert speed.expected_s(200, 100) is None


def test_a_machine_that_became_slower_is_noticed() -> None:
    speed = Speed()
    for seconds in [10.0] * 20 + [100.0] * 12:
        speed.add_reply(reply(0, 0.0, 100, seconds))
    assert speed.writing == pytest.approx(1)


def test_the_limit_is_generous_once_and_then_follows_the_speed() -> None:
    speed = Speed()
    assert speed.answer_limit_s(300, 1000, 1000) == 900
    speed.note_timeout()
    assert speed.answer_limit_s(300, 1000, 1000) == 300
    speed.add_reply(reply(0, 0.0, 100, 50.0))
    assert speed.answer_limit_s(300, 1000, 100) == 300
    assert speed.answer_limit_s(300, 1000, 1000) == 2000


def test_a_resumed_run_knows_the_speed_and_older_facts_do_not_count(
    script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [replies("fine")]
    for sample in range(3):
        bench.role_model(endpoint).ask([Message("user", "Say.")], sample=sample)
    bench.ledger.append("model", "old", {"spec": endpoint.spec, "tokens_out": 50, "seconds": 1.0})
    bench.ledger.append("model", "other", {"spec": "openai:other", **reply(0, 0, 50, 1.0).model_dump()})
    bench.ledger.append("model", "new", {"spec": endpoint.spec, **reply(0, 0, 50, 25.0).model_dump()})
    bench.ledger.close()
    bench.ledger = Ledger.open(bench.folder / "ledger.db")
    assert bench.role_model(endpoint).speed.writing == pytest.approx(2)


def test_threads_may_note_and_read_at_once() -> None:
    speed = Speed()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: (speed.add_reply(reply(20, 1.0, 10, 1.0)), speed.expected_s(10, 10)), range(500)))
    assert speed.expected_s(20, 10) == pytest.approx(2)
