"""What a run says of itself at any moment, from the facts that the loop records."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from app.feed import told
from app.progress import activity, learned, next_verdict
from app.record import Record
from memory.ledger import Event

PACE = {"hypothesis": "h3", "hypothesis_s": 131.0, "read_tps": 31.2, "write_tps": 12.4, "left_s": 512.0}
STARTED = ("run.started", {"task": "digits", "settings": {"judge": {"min_seeds": 3}}})


def record(*facts: tuple[str, dict[str, Any]], at: float = 1000.0) -> Record:
    """All events happen at `at`."""
    numbers = count(1)
    made = (Event(number, at, kind, f"{kind}{number}", payload) for number, (kind, payload) in zip(numbers, facts))  # noqa: B905
    return Record.of(made)


def version(id: str, hypothesis: str | None) -> tuple[str, dict[str, Any]]:
    return "version", {"id": id, "hypothesis": hypothesis, "plan": None, "content": "c"}


def run_of(version: str, hypothesis: str | None, seed: int) -> tuple[str, dict[str, Any]]:
    payload = {"id": f"{version}{seed}", "version": version, "hypothesis": hypothesis, "seed": seed, "outcome": "ok"}
    return "experiment", payload | {"split": "validation", "score": 0.5}


def node(name: str, hypothesis: str = "") -> tuple[str, dict[str, Any]]:
    return "node", {"node": name, "hypothesis": hypothesis}


def model(role: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "spec": "m", **more}


def intended(seed: int, split: str = "validation", version: str = "v3") -> tuple[str, dict[str, Any]]:
    return "experiment.intent", {"seed": seed, "split": split, "version": version}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ([], "starting"),
        ([node("baseline")], "measuring the baseline"),
        ([node("baseline"), version("v0", None), intended(1, version="v0")], "running seed 1 of the baseline"),
        ([node("survey"), ("model.intent", model("extractor"))], "reading the literature"),
        ([node("ideate"), ("model.intent", model("ideator"))], "asking for the next idea"),
        ([node("plan", "h3")], "planning h3"),
        ([node("build", "h3"), ("model.intent", model("coder", hypothesis="h3"))], "writing code for h3 (try 1)"),
        (
            [node("build", "h3"), ("model", model("coder", hypothesis="h3")), ("model.intent", model("coder"))],
            "writing code for h3 (try 2)",
        ),
        (
            [node("build", "h3"), *[("model.intent", model("coder", hypothesis="h3"))] * 4],
            "writing code for h3 (tries 1 to 4)",
        ),
        ([node("build", "h3"), ("smoke.intent", {"content": "c"})], "trying the code of h3"),
        (
            [node("experiment", "h3"), version("v3", "h3"), run_of("v3", "h3", 1), intended(2)],
            "running seed 2 of 3 of h3",
        ),
        ([node("experiment", "h3"), version("v3", "h3"), intended(1), intended(2)], "running seeds 1 to 2 of 3 of h3"),
        ([node("confirm"), version("v3", "h3"), intended(9, "sealed")], "checking h3 on sealed data"),
        ([("run.ended", {"status": "finished"})], "ended: finished"),
    ],
)
def test_what_it_does_now(facts: list[tuple[str, dict[str, Any]]], said: str) -> None:
    assert activity(record(STARTED, *facts)) == said


def test_a_failed_call_is_not_under_way_in_the_next_node() -> None:
    failed = record(
        STARTED, node("build", "h3"), ("model.intent", model("coder", hypothesis="h3")), node("judge", "h3")
    )
    assert activity(failed) == "judging h3"


AWAY = ("outage", {"spec": "openai:m", "reason": "model m at http://h/v1: nothing answers", "next_s": 120.0})
BACK = ("outage.over", {"spec": "openai:m", "seconds": 605.0})
OTHER = ("model.switch", {"role": "coder", "spec": "openai:b", "before": "openai:m", "back": False})
AGAIN = ("model.switch", {"role": "coder", "spec": "openai:m", "before": "openai:b", "back": True})


def test_a_wait_for_a_model_is_said_once_when_it_begins_and_once_when_it_ends() -> None:
    planning = (STARTED, node("plan", "h3"))
    assert activity(record(*planning, AWAY)) == "waiting for openai:m to answer"
    assert activity(record(*planning, AWAY, BACK)) == "planning h3"
    assert activity(record(*planning, AWAY, OTHER)) == "planning h3"
    said = [told(Record(), Event(1, 0.0, kind, "x", payload)) for kind, payload in (AWAY, BACK, OTHER, AGAIN)]
    assert said == [
        "the model's endpoint does not answer (model m at http://h/v1: nothing answers); waiting, next try in 2 min 00 s",
        "openai:m answers again after 10 min 05 s",
        "coder: openai:b is asked while openai:m does not answer",
        "coder: openai:m is asked again",
    ]


def test_a_long_reason_leaves_room_for_the_next_try() -> None:
    event = Event(1, 0.0, "outage", "x", {"spec": "m", "reason": "why " * 100, "next_s": 5.0})
    assert told(Record(), event).endswith("; waiting, next try in 5.0 s")


def test_a_call_that_failed_is_not_under_way_and_what_it_cost_is_spent() -> None:
    failing = record(
        STARTED,
        node("build", "h3"),
        ("model.intent", model("coder", hypothesis="h3")),
        ("model.fault", model("coder", error="no", cause="server_error", cost={"tokens": 40, "usd": 0.25})),
    )
    assert (failing.spent.tokens, failing.spent.usd) == (40, 0.25)
    (key,) = (key for _, key in failing.pending)
    failing.fold(Event(9, 1000.0, "failed.intent", key, {"of": "model"}))
    assert failing.pending == {}


def test_what_it_has_learned(run_folder: Any) -> None:
    from app.folders import read

    assert learned(record(STARTED)) == "no hypothesis judged yet"
    said = "2 hypotheses judged: 1 supported, 1 refuted; best effect +0.05 (Smooth labels)"
    assert learned(read(run_folder)) == said


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (51.0, "next verdict in about 1 min 20 s"),
        (161.0, "next verdict is overdue by 30 s"),
        (0.0, "next verdict in about 2 min 11 s"),
    ],
)
def test_when_the_next_verdict_is_due(passed: float, said: str) -> None:
    assert next_verdict(record(STARTED, ("pace", PACE)), 1000.0 + passed) == said


def test_a_verdict_starts_the_next_wait() -> None:
    paced = record(STARTED, ("pace", PACE))
    verdict = {"id": "v", "hypothesis": "h3", "kind": "refuted"}
    paced.fold(Event(9, 1200.0, "verdict", "v", verdict))
    assert next_verdict(paced, 1210.0) == "next verdict in about 2 min 01 s"


def test_without_an_estimate_it_says_so() -> None:
    assert next_verdict(record(STARTED, node("baseline")), 1000.0) == "the next verdict has no estimate yet"
    first = record(STARTED, ("pace", PACE | {"hypothesis_s": None}))
    assert next_verdict(first, 1000.0) == "the next verdict has no estimate until one hypothesis is through"
    assert next_verdict(record(STARTED, ("pace", PACE), node("confirm")), 1000.0) == "no further verdict is due"
