"""Survey, ideation, screening and planning where the model answers badly, low, or with an attack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agents.models.protocol import Reply, Request
from tests.agents.scripted import Scripted
from tests.agents.test_loop import facts, launched


class Twisted(Scripted):
    """Replies of one kind are changed: `property` tells which."""

    def __init__(self, property: str, change: Any) -> None:
        super().__init__()
        self.property, self.change = property, change

    def complete(self, request: Request, timeout: float) -> Reply:
        reply = super().complete(request, timeout)
        if self.property not in (request.schema_ or {}).get("properties", {}):
            return reply
        return reply.model_copy(update={"text": self.change(reply.text, request)})


def test_papers_below_the_mark_go_on_by_the_floor_and_it_is_said(tmp_path: Path) -> None:
    low = Twisted("finding", lambda text, _: json.dumps(json.loads(text) | {"attributes": 2}))
    _, run, _ = launched(tmp_path, low)
    fact = facts(run, "survey")[0]
    assert fact["floor"]
    assert len(fact["kept"]) == 3
    assert any("go on all the same" in note["text"] for note in facts(run, "note"))


def test_a_reply_that_never_fits_costs_an_attempt_and_no_more(tmp_path: Path) -> None:
    def nonsense(text: str, request: Request) -> str:
        return "x" * 100_000 if request.sample == 1 else text

    ending, run, _ = launched(tmp_path, Twisted("statement", nonsense))
    assert ending.status == "finished"
    assert "h1-1" not in {fact["id"] for fact in facts(run, "hypothesis")}
    assert any(note["text"].startswith("h1-1: no hypothesis in the reply") for note in facts(run, "note"))


def test_only_nonsense_ends_in_an_honest_run_without_hypotheses(tmp_path: Path) -> None:
    ending, run, _ = launched(tmp_path, Twisted("statement", lambda *_: ""))
    assert (ending.status, ending.exit_code) == ("finished", 0)
    assert facts(run, "hypothesis") == facts(run, "verdict") == []
    assert len(facts(run, "run.ended")) == 1


def test_without_a_plan_in_the_reply_the_statement_is_the_plan(tmp_path: Path) -> None:
    _, run, _ = launched(tmp_path, Twisted("steps", lambda *_: '{"steps": [{"te'))
    assert facts(run, "plan")
    assert all(len(fact["steps"]) == 1 and fact["score"] is None for fact in facts(run, "plan"))
    assert {fact["cause"] for fact in facts(run, "build")} == {"bad_call"}
    assert {fact["kind"] for fact in facts(run, "verdict")} == {"undecided"}


def test_a_target_outside_the_offer_is_no_hypothesis(tmp_path: Path) -> None:
    escaped = Twisted("statement", lambda text, _: json.dumps(json.loads(text) | {"target": "../../etc/passwd"}))
    _, run, _ = launched(tmp_path, escaped)
    assert facts(run, "hypothesis") == []


class Weak(Scripted):
    """A small model, which takes what it is offered first."""

    strong = False

    def complete(self, request: Request, timeout: float) -> Reply:
        reply, properties = super().complete(request, timeout), (request.schema_ or {}).get("properties", {})
        if "statement" not in properties:
            return reply
        first = {"target": properties["target"], "papers": properties["papers"]["items"]}
        offered = {name: place.get("enum", [place.get("const")])[0] for name, place in first.items()}
        changed = {"target": offered["target"], "papers": [offered["papers"]]}
        return reply.model_copy(update={"text": json.dumps(json.loads(reply.text) | changed)})


def test_a_small_model_gets_the_least_used_finding_and_few_targets(tmp_path: Path) -> None:
    _, run, parts = launched(tmp_path, Weak(), survey={"papers": 3})
    first, second, third = facts(run, "survey")[0]["kept"]
    named = [fact["papers"] for fact in facts(run, "hypothesis")]
    assert named[:4] == [[first], [second], [third], [first]]
    asked = [request for request in parts.scripted.requests if request.role == "ideator"]
    offered = [(request.schema_ or {})["properties"]["target"]["enum"] for request in asked]
    assert {len(targets) for targets in offered} == {2}
    assert all("on nothing else:\n[p" in request.messages[-1].content for request in asked)
