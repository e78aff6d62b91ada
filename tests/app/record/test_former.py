"""Runs of earlier versions: validation data said supported there, and sealed data confirmed it or didn't; steps had
checks."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.board import count_funnel, list_rows
from app.live.event_lines import describe_event
from app.record.record import Record
from app.record.summaries import make_cells, summarize_hypothesis
from memory.ledger.ledger import Event
from pelagos.nouns import Effect, Step, VerdictKind

IDEA = {
    "id": "h1",
    "title": "T",
    "statement": "S",
    "rationale": "r",
    "predicted_effect": 0.1,
    "refuted_by": "",
    "target": "",
}
OLD = {"id": "v", "hypothesis": "h1", "kind": "supported", "effect": 0.02, "e_value": 40.0, "seeds": 3, "reason": "r"}


def make_record(**confirmed: bool) -> Record:
    facts: list[tuple[str, dict[str, Any]]] = [("hypothesis", IDEA), ("verdict", OLD)]
    facts += [
        ("confirmed", {"hypothesis": "h1", "effect": 0.01, "e_value": 30.0, "reason": "told", **confirmed})
    ] * len(confirmed)
    return Record.from_events(Event(n, 1000.0, kind, str(n), payload) for n, (kind, payload) in enumerate(facts, 1))


@pytest.mark.parametrize(
    ("confirmed", "kind", "counts"),
    [
        ({}, VerdictKind.PROMISING, (1, 0)),
        ({"confirmed": True}, VerdictKind.SUPPORTED, (1, 1)),
        ({"confirmed": False}, VerdictKind.UNDECIDED, (1, 0)),
    ],
)
def test_what_was_selected_is_promising_and_what_was_confirmed_is_supported(
    confirmed: dict[str, bool], kind: VerdictKind, counts: tuple[int, int]
) -> None:
    record = make_record(**confirmed)
    assert list_rows(record)[0].verdict is kind
    assert (count_funnel(record).promising, count_funnel(record).supported) == counts
    assert [claim.held for claim in record.claims.values()] == list(confirmed.values())


def test_what_was_confirmed_keeps_its_numbers() -> None:
    confirmed = {
        "hypothesis": "h1",
        "effect": 0.01,
        "low": 0.0,
        "high": 0.02,
        "seeds": 8,
        "e_value": 30.0,
        "confirmed": True,
    }
    record = Record.from_events(
        [Event(1, 1000.0, "hypothesis", "h1", IDEA), Event(2, 1000.0, "confirmed", "c", confirmed)]
    )
    assert record.claims["h1"].effect == Effect(value=0.01, low=0.0, high=0.02, seeds=8)


def test_numbers_beside_an_effect_are_shown_as_ever() -> None:
    numbers = {"low": 0.01, "high": 0.03, "p_value": 0.02, "seeds": 8, "baseline_score": 0.5, "score": 0.52}
    verdict = {"id": "v", "hypothesis": "h1", "kind": "promising", "effect": 0.02, "reason": "r", **numbers}
    claim = {"id": "c", "hypothesis": "h1", "version": "x", "level": 0.05, "left": 0.1, "held": True, "reason": "r"}
    facts = [("hypothesis", IDEA), ("verdict", verdict), ("claim", {**claim, "effect": 0.02, **numbers})]
    events = [Event(n, 1000.0, kind, str(n), payload) for n, (kind, payload) in enumerate(facts, 1)]
    record = Record.from_events(events)
    (row,) = list_rows(record)
    assert row.effect == record.claims["h1"].effect == Effect(value=0.02, **numbers)
    assert make_cells(record, row)[3:] == ["+0.02", "+0.01 to +0.03", "", "0.02", "8"]
    summary = summarize_hypothesis(record, row)
    assert summary["verdict"] == {**verdict, "evidence": [], "suspect": []}
    assert {name: summary["claim"][name] for name in numbers} == numbers
    assert [describe_event(record, event) for event in events[1:]] == [
        "h1 T: promising, effect +0.02",
        "h1 T: holds on sealed data, effect +0.02",
    ]


def test_a_hypothesis_without_a_score_has_the_same_fields_as_ever() -> None:
    verdict = {"id": "v", "hypothesis": "h1", "kind": "undecided", "effect": None, "p_value": None, "seeds": 0}
    verdict |= {"low": None, "high": None, "baseline_score": None, "score": None, "reason": "no version that runs"}
    record = Record.from_events([Event(1, 1000.0, "hypothesis", "h1", IDEA), Event(2, 1000.0, "verdict", "v", verdict)])
    (row,) = list_rows(record)
    assert make_cells(record, row)[3:] == ["–", "", "", "–", "0"]
    assert summarize_hypothesis(record, row)["verdict"] == {**verdict, "evidence": [], "suspect": []}


def test_steps_with_checks_are_read_without_them() -> None:
    step = {"text": "Use AdamW in fit.", "check": "calls('fit', 'AdamW')", "call": None}
    missing = {
        "index": 0,
        "kind": "draft",
        "cause": "step_missing",
        "detail": "step 1: own check fails",
        "version": None,
    }
    built = {"hypothesis": "h1", "plan": "p1", "version": None, "cause": "step_missing", "tries": [missing]}
    facts: list[tuple[str, dict[str, Any]]] = [
        ("hypothesis", IDEA),
        ("plan", {"id": "p1", "hypothesis": "h1", "steps": [step]}),
        ("build", {"id": "b1", **built, "checks": [False]}),
    ]
    record = Record.from_events(Event(n, 1000.0, kind, str(n), payload) for n, (kind, payload) in enumerate(facts, 1))
    assert record.plans["p1"].steps == [Step(text="Use AdamW in fit.")]
    assert record.builds["b1"].tries[0].cause == "step_missing"
    assert record.failures["step_missing"] == 1
