"""Calls are keyed, recorded, priced, re-asked within a bound, and never sent twice."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from agents.models.answer_cache import FOLDER, AnswerCache
from agents.models.offline.replay import ReplayModel
from agents.models.openai.endpoint import Endpoint
from memory.files.project_folder import FOLDER_NAME
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput, BadReply, CapReached, ModelUnavailable
from pelagos.settings import Caps
from tests.agents.models.conftest import Bench, Script, hangs, replies, says
from tools.toolchain import Message

ASK = [Message("user", "A pet.")]


class Pet(BaseModel):
    name: str
    age: int = Field(ge=0)


def first_token(**probabilities: float) -> dict[str, object]:
    top = [{"token": token, "logprob": math.log(p)} for token, p in probabilities.items()]
    return {"logprobs": {"content": [{**top[0], "top_logprobs": top}]}}


def test_completed_call_is_never_sent_again(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("first"), replies("second")]
    assert bench.role_model(endpoint).ask(ASK) == bench.role_model(endpoint).ask(ASK) == "first"
    bench.ledger.close()
    bench.ledger = Ledger.open(bench.folder / "ledger.db")  # as a resumed run does
    moved = Endpoint("some-model", script.url.replace("127.0.0.1", "localhost"))
    assert bench.role_model(moved).ask(ASK) == "first"
    assert len(script.seen) == 1


def test_everything_that_determines_a_call_makes_it_another(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("x")]
    role_model = bench.role_model(endpoint)
    for more in ({}, {"sample": 1}, {"max_tokens": 9}, {"temperature": 0.1}, {"stop": ["\n"]}):
        role_model.ask(ASK, **more)
    role_model.ask([*ASK, Message("assistant", "")])
    bench.role_model(endpoint, "planner").ask(ASK)
    bench.role_model(Endpoint("other", script.url)).ask(ASK)
    bench.settings.seed = 5
    bench.role_model(endpoint).ask(ASK)
    assert len(script.seen) == len({event.key for event in bench.ledger.events("model")}) == 9
    assert script.seen[0]["seed"] != script.seen[1]["seed"]


def test_threads_asking_the_same_send_it_once(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("x")]
    role_model = bench.role_model(endpoint)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda n: role_model.ask(ASK, sample=n % 2), range(16))) == {"x"}
    assert len(script.seen) == 2


def test_reply_that_does_not_fit_is_asked_again_with_what_is_wrong(
    script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [replies('Sure: {"name": "Rex", "age": -3}'), replies('```json\n{"name": "Rex", "age": 3}\n```')]
    assert bench.role_model(endpoint).ask_json(ASK, Pet).age == 3
    again = script.seen[1]["messages"]
    assert [message["role"] for message in again] == ["user", "assistant", "user"]
    assert "age: Input should be greater than or equal to 0" in again[-1]["content"]
    assert [fact["reask"] for fact in bench.facts("model")] == [0, 1]
    assert [fault["cause"] for fault in bench.facts("model.fault")] == ["schema"]


def test_a_later_run_is_told_what_fitted_in_the_end_and_sends_nothing(
    script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [replies("no object"), replies('{"name": "Rex", "age": 3}')]
    answers = AnswerCache(bench.folder)
    for run in ("first", "second"):
        bench.ledger.close()
        bench.ledger = Ledger.open(bench.folder / run / "ledger.db")
        assert bench.role_model(endpoint, answers=answers).ask_json(ASK, Pet, temperature=0.0).age == 3
    assert len(script.seen) == 2
    assert [(fact["kept"], fact["tokens_in"], fact["text"]) for fact in bench.facts("model")] == [
        (True, 0, '{"name": "Rex", "age": 3}')
    ]


def test_what_is_drawn_or_never_fits_is_not_kept(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies('{"name": "Rex", "age": 3}'), replies("no object")]
    role_model = bench.role_model(endpoint, answers=AnswerCache(bench.folder))
    role_model.ask_json(ASK, Pet)
    with pytest.raises(BadReply):
        role_model.ask_json(ASK, Pet, temperature=0.0)
    assert not (bench.folder / FOLDER_NAME / FOLDER).exists()


@pytest.mark.parametrize("text", ["no idea", '{"name": "Rex", "age"', "{" * 50_000, "[1, 2]", '{"name": 1}'])
def test_re_asking_is_bounded_and_not_paid_twice(text: str, script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies(text)]
    for _ in range(2):
        with pytest.raises(BadReply, match=r"asked 3 times"):
            bench.role_model(endpoint).ask_json(ASK, Pet, max_tokens=2000)
    assert len(script.seen) == 3
    assert len(bench.facts("model.fault")) == 3


def test_thoughts_before_the_object_are_let_pass(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies('<think>{"name": "no", "age": 1}</think>{"name": "Rex", "age": 3}')]
    assert bench.role_model(endpoint).ask_json(ASK, Pet).name == "Rex"


def test_probability_is_yes_against_no(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("Yes", **first_token(Yes=0.4, No=0.1, **{" yes": 0.2, "Maybe": 0.1}))]
    assert bench.role_model(endpoint).probability(ASK) == pytest.approx(0.6 / 0.7)
    assert script.seen[0]["top_logprobs"] == 20


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e9])
def test_log_probabilities_that_are_none_are_as_good_as_absent(
    value: float, script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    told = {"logprobs": {"content": [{"token": "Yes", "logprob": value, "top_logprobs": []}]}}
    script.answers = [replies("Yes", **told)]
    assert bench.role_model(endpoint, "verifier").probability(ASK) == 1.0


def test_minus_infinity_is_no_probability_at_all(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    top = [{"token": "Yes", "logprob": -0.1}, {"token": "No", "logprob": -math.inf}]
    script.answers = [replies("Yes", logprobs={"content": [{**top[0], "top_logprobs": top}]})]
    assert bench.role_model(endpoint, "verifier").probability(ASK) == 1.0


def test_probability_without_log_probabilities_is_the_word_and_said_once(
    script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [replies("Yes"), replies("No, not **yes**."), replies("Yes")]
    role_model = bench.role_model(endpoint, "verifier")
    assert [role_model.probability([*ASK, Message("user", str(n))]) for n in range(2)] == [0.0, 1.0]
    assert ["top_logprobs" in body for body in script.seen] == [True, False, False]
    (note,) = bench.facts("note")
    assert note["text"] == "verifier: openai:some-model gives no log-probabilities: it is asked for Yes or No"


@pytest.mark.parametrize("words", ["logprobs are not supported", "Bad Request"])
def test_refused_log_probabilities_end_in_the_word(
    words: str, script: Script, endpoint: Endpoint, bench: Bench
) -> None:
    script.answers = [says(words, 400), replies(""), replies("Yes")]
    assert bench.role_model(endpoint, "verifier").probability(ASK) == 1.0
    assert ["logprobs" in body for body in script.seen] == [True, False, False]


def test_fewer_log_probabilities_are_taken(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    five = "top_logprobs must be less than or equal to 5"
    script.answers = [says(five, 400), replies("Yes", **first_token(Yes=0.6, No=0.2))]
    role_model = bench.role_model(endpoint, "verifier")
    assert role_model.probability(ASK) == pytest.approx(0.75)
    role_model.probability([*ASK, Message("user", "Sure?")])
    assert [body["top_logprobs"] for body in script.seen] == [20, 5, 5]


@pytest.mark.parametrize("strong", ["some-model", "some-1B"])
def test_probability_needs_an_answer(strong: str, script: Script, bench: Bench) -> None:
    script.answers = [replies("Maybe", **first_token(Maybe=0.9))]
    with pytest.raises(BadReply, match="neither"):
        bench.role_model(Endpoint(strong, script.url)).probability(ASK)
    assert len(script.seen) == (2 if strong == "some-model" else 1)


def test_unknown_price_is_said_and_a_known_one_is_counted(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("x")]
    bench.role_model(endpoint).ask(ASK)
    table = bench.folder / "prices.toml"
    table.write_text('[[price]]\nmodel = "openai:some-*"\ninput = 2\noutput = 8\n')
    bench.settings.models.prices = table
    bench.role_model(endpoint).ask(ASK, sample=1)
    assert [fact["cost"]["usd"] for fact in bench.facts("model")] == [None, pytest.approx((10 * 2 + 5 * 8) / 1e6)]


def test_a_call_the_budget_cannot_bear_is_not_sent(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [replies("x")]
    bench.settings.caps = Caps(tokens=1000, disk_mb=None)
    with pytest.raises(CapReached):
        bench.role_model(endpoint).ask(ASK, max_tokens=2000)
    assert script.seen == []
    assert bench.role_model(endpoint).ask(ASK, max_tokens=100) == "x"


def test_messages_are_kept_and_found_by_the_fact(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    from memory.artifacts import ArtifactStore

    script.answers = [replies("x")]
    bench.role_model(endpoint).ask(ASK)
    (fact,) = bench.facts("model")
    kept = ArtifactStore(bench.folder / "artifacts").json(fact["messages"])
    assert kept == [{"role": "user", "content": "A pet."}]


def test_replay_needs_no_model_and_says_what_it_lacks(
    script: Script, endpoint: Endpoint, bench: Bench, tmp_path: Path
) -> None:
    script.answers = [replies('{"age": 3}'), replies('{"name": "Rex", "age": 3}'), replies("text")]
    bench.role_model(endpoint).ask_json(ASK, Pet)
    bench.role_model(endpoint).ask(ASK)
    (tmp_path / "second").mkdir()
    replayed = Bench(tmp_path / "second", bench.settings, Ledger.open(tmp_path / "second" / "ledger.db"))
    role_model = replayed.role_model(ReplayModel(tmp_path))
    assert role_model.ask_json(ASK, Pet) == Pet(name="Rex", age=3)
    assert role_model.ask(ASK) == "text"
    assert len(script.seen) == 3
    with pytest.raises(ModelUnavailable, match=r"no recorded answer for coder, sample 7, .* asked 'A pet\.'"):
        role_model.ask(ASK, sample=7)
    replayed.ledger.close()


def test_replay_of_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no ledger"):
        ReplayModel(tmp_path / "nowhere")


def test_calls_to_an_endpoint_go_out_in_parallel(script: Script, endpoint: Endpoint, bench: Bench) -> None:
    script.answers = [lambda handler, body: (hangs(0.3)(handler, body), replies("x")(handler, body))[1]]
    role_model = bench.role_model(endpoint)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: role_model.ask(ASK, sample=n), range(6)))
    starts = {event.seq: event.kind for event in bench.ledger.events()}
    kinds = [kind for _, kind in sorted(starts.items()) if kind.startswith("model")]
    assert kinds[:6] == ["model.intent"] * 6
