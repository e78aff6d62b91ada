"""The table says what the ledger says."""

from __future__ import annotations

from typing import Any, NamedTuple

from app.record.record import Record
from benchmarks.funnel import HEAD, describe_share, make_row
from pelagos.nouns import Experiment, Hypothesis, OutcomeKind


class Fact(NamedTuple):
    seq: int
    at: float
    kind: str
    key: str
    payload: dict[str, Any]


def record() -> Record:
    facts: list[Fact] = [Fact(1, 100.0, "run.started", "run", {"task": "digits"})]
    for number, kept in enumerate((True, True, False), 1):
        id = f"h{number}"
        hypothesis = Hypothesis(
            id=id, title=id, statement=id, rationale="r", predicted_effect=0.1, refuted_by="n", target="t",
        )  # fmt: skip
        facts.append(Fact(2 * number, 100.0, "hypothesis", id, hypothesis.model_dump(mode="json")))
        facts.append(Fact(2 * number + 1, 100.0, "screened", id, {"hypothesis": id, "kept": kept}))
    ran = Experiment(
        id="e", version="v", hypothesis="h1", seed=1, split="validation", outcome=OutcomeKind.OK, score=0.9,
    )  # fmt: skip
    facts.append(Fact(8, 160.0, "experiment", "e", ran.model_dump(mode="json") | {"cost": {"tokens": 500}}))
    return Record.from_events(facts)


def test_row_and_share() -> None:
    line = make_row(record())
    assert line == "| digits | 3 | 2 | 1 | 0 | 0 | 0 | 1.0 | 30 | 250 |"
    assert line.count("|") == HEAD.splitlines()[0].count("|")
    assert "1 of 2" in describe_share([record()])
