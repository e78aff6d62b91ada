"""The stage of a hypothesis, at every moment between its idea and its verdict."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.board import Stage, list_rows
from app.record.record import Record
from memory.ledger.ledger import Event
from pelagos.facts.calls import Call
from pelagos.facts.drive import Entered, Started
from pelagos.facts.fact import dump_payload
from pelagos.facts.ideas import Screened
from pelagos.facts.review import Decision, Wanted
from pelagos.facts.work import Intent
from pelagos.nouns import Build, Experiment, Hypothesis, Plan, Step, Verdict, Version

NAMED = {"title": "T", "statement": "S", "rationale": "r", "refuted_by": "", "target": "t"}
IDEA = ("hypothesis", Hypothesis(id="h1", **NAMED))
KEPT = ("screened", Screened(hypothesis="h1", kept=True))
PLAN = ("plan", Plan(id="p1", hypothesis="h1", steps=[Step(text="do")], score=0.5))
BUILDS = ("node", Entered(node="build", hypothesis="h1"))
MADE = ("version", Version(id="v1", hypothesis="h1", plan="p1", content="c"))
BUILT = ("build", Build(id="b1", hypothesis="h1", plan="p1", version="v1", cause=""))
ASKED = ("model.intent", Intent(role="coder", spec="m", hypothesis="h1"))
WRITTEN = ("model", Call(role="coder", spec="m", hypothesis="h1"))
TESTS = ("experiment.intent", Intent(version="v1", seed=1, split="validation"))
OTHERS = ("experiment.intent", Intent(version="v0", seed=1, split="validation"))
RAN = {"version": "v1", "hypothesis": "h1", "seed": 1, "split": "validation"}
SO_FAR = [IDEA, KEPT, PLAN]


def make_record(*facts: tuple[str, Any]) -> Record:
    started = ("run.started", Started(settings={"judge": {"min_seeds": 3}}))
    baseline = ("version", Version(id="v0", hypothesis=None, plan=None, content="c"))
    rows = enumerate([started, baseline, *facts], 1)
    return Record.from_events(
        Event(number, 1000.0, kind, f"{kind}{number}", dump_payload(fact)) for number, (kind, fact) in rows
    )


@pytest.mark.parametrize(
    ("facts", "stage", "detail"),
    [
        ([IDEA], Stage.IDEA, ""),
        ([IDEA, KEPT], Stage.KEPT, ""),
        ([IDEA, ("screened", Screened(hypothesis="h1", kept=False, reason="repeats h0"))], Stage.DROPPED, "repeats h0"),
        (SO_FAR, Stage.PLANNED, "1 plan, best 0.50"),
        ([*SO_FAR, ("review.wanted", Wanted(hypothesis="h1"))], Stage.WAITING, ""),
        ([*SO_FAR, BUILDS], Stage.BUILDING, ""),
        ([*SO_FAR, BUILDS, ASKED, WRITTEN], Stage.BUILDING, "try 2"),
        ([*SO_FAR, BUILDS, MADE, BUILT], Stage.BUILT, "after 0 tries"),
        ([*SO_FAR, BUILDS, MADE, BUILT, OTHERS], Stage.BUILT, "after 0 tries"),
        ([*SO_FAR, BUILDS, MADE, BUILT, TESTS], Stage.RUNNING, "seed 1 of 3"),
        (
            [*SO_FAR, MADE, BUILT, ("experiment", Experiment(id="e1", outcome="oom", **RAN)), TESTS],
            Stage.RUNNING,
            "seed 2 of 3, oom",
        ),
        (
            [*SO_FAR, MADE, BUILT, TESTS, ("verdict", Verdict(id="x", hypothesis="h1", kind="refuted", effect=-0.1))],
            Stage.JUDGED,
            "refuted (-0.1)",
        ),
    ],
)
def test_the_furthest_stage_shows(facts: list[tuple[str, Any]], stage: Stage, detail: str) -> None:
    (row,) = list_rows(make_record(*facts))
    assert (row.stage, row.detail) == (stage, detail)


def test_a_decision_that_the_run_has_not_acted_on_shows() -> None:
    wanted = ("review.wanted", Wanted(hypothesis="h1"))
    record = make_record(*SO_FAR, wanted)
    record.fold(Event(99, 1000.0, "decision", "k", dump_payload(Decision(hypothesis="h1", seen=record.review_requests["h1"], decision="reject"))))  # fmt: skip
    assert list_rows(record)[0].status == "waits for a review: reject"


def test_what_an_end_cut_off_is_not_under_way() -> None:
    record = make_record(*SO_FAR, MADE, BUILT, TESTS, ("run.stopped", Started()))
    assert record.pending == {}
    assert list_rows(record)[0].stage is Stage.BUILT
