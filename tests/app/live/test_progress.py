"""What a run says of itself at any moment, from the facts that the loop records."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from app.live.event_lines import describe_event
from app.live.progress import describe_activity, estimate_next_verdict, summarize_verdicts
from app.record.record import Record
from memory.ledger.ledger import Event

PACE = {"hypothesis": "h3", "hypothesis_s": 131.0, "read_tps": 31.2, "write_tps": 12.4, "left_s": 512.0}
STARTED = ("run.started", {"task": "digits", "settings": {"judge": {"min_seeds": 3}}})


def make_record(*facts: tuple[str, dict[str, Any]], at: float = 1000.0) -> Record:
    """All events happen at `at`."""
    numbers = count(1)
    events = (Event(number, at, kind, f"{kind}{number}", payload) for number, (kind, payload) in zip(numbers, facts))  # noqa: B905
    return Record.from_events(events)


def make_version(id: str, hypothesis: str | None) -> tuple[str, dict[str, Any]]:
    return "version", {"id": id, "hypothesis": hypothesis, "plan": None, "content": "c"}


def make_experiment(version: str, hypothesis: str | None, seed: int) -> tuple[str, dict[str, Any]]:
    payload = {"id": f"{version}{seed}", "version": version, "hypothesis": hypothesis, "seed": seed, "outcome": "ok"}
    return "experiment", payload | {"split": "validation", "score": 0.5}


def make_node(name: str, hypothesis: str = "") -> tuple[str, dict[str, Any]]:
    return "node", {"node": name, "hypothesis": hypothesis}


def make_call(role: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "spec": "m", **more}


def make_intent(seed: int, split: str = "validation", version: str = "v3") -> tuple[str, dict[str, Any]]:
    return "experiment.intent", {"seed": seed, "split": split, "version": version}


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ([], "starting"),
        ([make_node("baseline")], "measuring the baseline"),
        (
            [make_node("baseline"), make_version("v0", None), make_intent(1, version="v0")],
            "running seed 1 of the baseline",
        ),
        ([make_node("survey"), ("model.intent", make_call("extractor"))], "reading the literature"),
        ([make_node("ideate"), ("model.intent", make_call("ideator"))], "asking for the next idea"),
        ([make_node("plan", "h3")], "planning h3"),
        (
            [make_node("build", "h3"), ("model.intent", make_call("coder", hypothesis="h3"))],
            "writing code for h3 (try 1)",
        ),
        (
            [
                make_node("build", "h3"),
                ("model", make_call("coder", hypothesis="h3")),
                ("model.intent", make_call("coder")),
            ],
            "writing code for h3 (try 2)",
        ),
        (
            [make_node("build", "h3"), *[("model.intent", make_call("coder", hypothesis="h3"))] * 4],
            "writing code for h3 (tries 1 to 4)",
        ),
        ([make_node("build", "h3"), ("smoke.intent", {"content": "c"})], "trying the code of h3"),
        (
            [make_node("experiment", "h3"), make_version("v3", "h3"), make_experiment("v3", "h3", 1), make_intent(2)],
            "running seed 2 of 3 of h3",
        ),
        (
            [make_node("experiment", "h3"), make_version("v3", "h3"), make_intent(1), make_intent(2)],
            "running seeds 1 to 2 of 3 of h3",
        ),
        ([make_node("confirm"), make_version("v3", "h3"), make_intent(9, "sealed")], "testing h3 on sealed data"),
        ([("run.ended", {"status": "finished"})], "ended: finished"),
    ],
)
def test_what_it_does_now(facts: list[tuple[str, dict[str, Any]]], text: str) -> None:
    assert describe_activity(make_record(STARTED, *facts)) == text


def test_a_failed_call_is_not_under_way_in_the_next_node() -> None:
    failed = make_record(
        STARTED,
        make_node("build", "h3"),
        ("model.intent", make_call("coder", hypothesis="h3")),
        make_node("judge", "h3"),
    )
    assert describe_activity(failed) == "judging h3"


AWAY = ("outage", {"spec": "openai:m", "reason": "model m at http://h/v1: nothing answers", "next_s": 120.0})
BACK = ("outage.over", {"spec": "openai:m", "seconds": 605.0})
OTHER = ("model.switch", {"role": "coder", "spec": "openai:b", "before": "openai:m", "back": False})
AGAIN = ("model.switch", {"role": "coder", "spec": "openai:m", "before": "openai:b", "back": True})


def test_a_wait_for_a_model_is_said_once_when_it_begins_and_once_when_it_ends() -> None:
    planning = (STARTED, make_node("plan", "h3"))
    assert describe_activity(make_record(*planning, AWAY)) == "waiting for openai:m to answer"
    assert describe_activity(make_record(*planning, AWAY, BACK)) == "planning h3"
    assert describe_activity(make_record(*planning, AWAY, OTHER)) == "planning h3"
    text = [describe_event(Record(), Event(1, 0.0, kind, "x", payload)) for kind, payload in (AWAY, BACK, OTHER, AGAIN)]
    assert text == [
        "the model's endpoint does not answer (model m at http://h/v1: nothing answers); waiting, next try in 2 min 00 s",
        "openai:m answers again after 10 min 05 s",
        "coder: openai:b is asked while openai:m does not answer",
        "coder: openai:m is asked again",
    ]


def test_a_long_reason_leaves_room_for_the_next_try() -> None:
    event = Event(1, 0.0, "outage", "x", {"spec": "m", "reason": "why " * 100, "next_s": 5.0})
    assert describe_event(Record(), event).endswith("; waiting, next try in 5.0 s")


def test_a_call_that_failed_is_not_under_way_and_what_it_cost_is_spent() -> None:
    failing = make_record(
        STARTED,
        make_node("build", "h3"),
        ("model.intent", make_call("coder", hypothesis="h3")),
        ("model.fault", make_call("coder", error="no", cause="server_error", cost={"tokens": 40, "usd": 0.25})),
    )
    assert (failing.spent.tokens, failing.spent.usd) == (40, 0.25)
    (key,) = (key for _, key in failing.pending)
    failing.fold(Event(9, 1000.0, "failed.intent", key, {"of": "model"}))
    assert failing.pending == {}


def test_what_it_has_learned(run_folder: Any) -> None:
    from app.record.folders import read_record

    assert summarize_verdicts(make_record(STARTED)) == "no hypothesis judged yet"
    text = "2 hypotheses judged: 1 supported, 1 refuted; best effect +0.05 (Smooth labels)"
    assert summarize_verdicts(read_record(run_folder)) == text


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (51.0, "next verdict in about 1 min 20 s"),
        (161.0, "next verdict is overdue by 30 s"),
        (0.0, "next verdict in about 2 min 11 s"),
    ],
)
def test_when_the_next_verdict_is_due(passed: float, text: str) -> None:
    assert estimate_next_verdict(make_record(STARTED, ("pace", PACE)), 1000.0 + passed) == text


def test_a_verdict_starts_the_next_wait() -> None:
    paced = make_record(STARTED, ("pace", PACE))
    verdict = {"id": "v", "hypothesis": "h3", "kind": "refuted"}
    paced.fold(Event(9, 1200.0, "verdict", "v", verdict))
    assert estimate_next_verdict(paced, 1210.0) == "next verdict in about 2 min 01 s"


def test_without_an_estimate_it_says_so() -> None:
    assert (
        estimate_next_verdict(make_record(STARTED, make_node("baseline")), 1000.0)
        == "the next verdict has no estimate yet"
    )
    first = make_record(STARTED, ("pace", PACE | {"hypothesis_s": None}))
    assert estimate_next_verdict(first, 1000.0) == "the next verdict has no estimate until one hypothesis is through"
    assert (
        estimate_next_verdict(make_record(STARTED, ("pace", PACE), make_node("confirm")), 1000.0)
        == "no further verdict is due"
    )
