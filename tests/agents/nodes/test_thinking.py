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
    assert "h1" not in {fact["id"] for fact in facts(run, "hypothesis")}
    assert any(note["text"].startswith("h1: no hypothesis in the reply") for note in facts(run, "note"))


def test_only_nonsense_ends_a_run_without_hypotheses_and_says_why(tmp_path: Path) -> None:
    ending, run, _ = launched(tmp_path, Twisted("statement", lambda *_: ""))
    assert (ending.status, ending.exit_code) == ("starved", 5)
    assert "ideator: 5 calls in a row gave nothing usable" in ending.reason
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
    """A small model, which takes the target it is offered first."""

    strong = False

    def complete(self, request: Request, timeout: float) -> Reply:
        reply, properties = super().complete(request, timeout), (request.schema_ or {}).get("properties", {})
        if "statement" not in properties:
            return reply
        target = properties["target"].get("enum", [properties["target"].get("const")])[0]
        said = {"target": target, "title": f"Idea {request.sample}", "statement": json.loads(reply.text)["statement"]}
        return reply.model_copy(update={"text": json.dumps(said)})


def test_a_small_model_gets_findings_and_targets_in_turn(tmp_path: Path) -> None:
    _, run, parts = launched(tmp_path, Weak(), loop={"hypotheses": 8}, screen={"tau": 1.01})
    made = facts(run, "hypothesis")
    assert len({(fact["papers"][0], fact["target"]) for fact in made}) == len(made) >= 8
    assert len({fact["papers"][0] for fact in made[:3]}) == 3
    assert all(fact["predicted_effect"] is None and "below 0.05" in fact["refuted_by"] for fact in made)
    asked = [request for request in parts.scripted.requests if request.role == "ideator"]
    assert {len((request.schema_ or {})["properties"]) for request in asked} == {3}
    assert all("on nothing else:\n" in request.messages[-1].content for request in asked)


def test_all_prompts_of_a_run_begin_alike(tmp_path: Path) -> None:
    _, _, parts = launched(tmp_path, Weak())
    asked = [request for request in parts.scripted.requests if request.role in {"ideator", "planner"}]
    assert len({request.messages[0].content for request in asked}) == 1
    starts = {request.messages[1].content[:200] for request in asked}
    assert len(starts) == 1
    assert "regression on a small table" in starts.pop()
