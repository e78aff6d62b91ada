"""Survey, ideation, screening and planning where the model answers badly, low, or with an attack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agents.models.protocol import Reply, Request
from tests.agents.scripted import Scripted
from tests.agents.test_loop import launch, read_facts


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
    _, run, _ = launch(tmp_path, low)
    fact = read_facts(run, "survey")[0]
    assert fact["floor"]
    assert len(fact["kept"]) == 3
    assert any("go on all the same" in note["text"] for note in read_facts(run, "note"))
    assert set(fact) == {
        "attributes", "papers", "kept", "floor", "ranking", "corpus", "library", "purity",
    }  # fmt: skip
    assert fact["attributes"] == {"input": "a table", "output": "a number", "others": "small"}
    ranked = [entry["paper"]["id"] for entry in fact["papers"]]
    assert fact["kept"] == ranked[:3] and fact["corpus"] + fact["library"] == len(ranked)
    assert fact["purity"] is not None


def test_a_reply_that_never_fits_costs_an_attempt_and_no_more(tmp_path: Path) -> None:
    def nonsense(text: str, request: Request) -> str:
        return "x" * 100_000 if request.sample == 1 else text

    ending, run, _ = launch(tmp_path, Twisted("statement", nonsense))
    assert ending.status == "finished"
    assert "h1" not in {fact["id"] for fact in read_facts(run, "hypothesis")}
    assert any(note["text"].startswith("h1: no hypothesis in the reply") for note in read_facts(run, "note"))


def test_only_nonsense_ends_a_run_without_hypotheses_and_says_why(tmp_path: Path) -> None:
    ending, run, _ = launch(tmp_path, Twisted("statement", lambda *_: ""))
    assert (ending.status, ending.exit_code) == ("starved", 5)
    assert "ideator: 5 calls in a row gave nothing usable" in ending.reason
    assert read_facts(run, "hypothesis") == read_facts(run, "verdict") == []
    assert len(read_facts(run, "run.ended")) == 1


def test_without_a_plan_in_the_reply_the_statement_is_the_plan(tmp_path: Path) -> None:
    _, run, _ = launch(tmp_path, Twisted("steps", lambda *_: '{"steps": [{"te'))
    assert read_facts(run, "plan")
    assert all(len(fact["steps"]) == 1 and fact["score"] is None for fact in read_facts(run, "plan"))
    assert {fact["cause"] for fact in read_facts(run, "build")} == {"bad_call"}
    assert {fact["kind"] for fact in read_facts(run, "verdict")} == {"undecided"}


def test_a_target_outside_the_offer_is_no_hypothesis(tmp_path: Path) -> None:
    escaped = Twisted("statement", lambda text, _: json.dumps(json.loads(text) | {"target": "../../etc/passwd"}))
    _, run, _ = launch(tmp_path, escaped)
    assert read_facts(run, "hypothesis") == []


class Weak(Scripted):
    """A small model, which takes the target it is offered first."""

    strong = False

    def complete(self, request: Request, timeout: float) -> Reply:
        reply, properties = super().complete(request, timeout), (request.schema_ or {}).get("properties", {})
        if "statement" not in properties:
            return reply
        target = properties["target"].get("enum", [properties["target"].get("const")])[0]
        idea = {"target": target, "title": f"Idea {request.sample}", "statement": json.loads(reply.text)["statement"]}
        return reply.model_copy(update={"text": json.dumps(idea)})


def test_a_small_model_gets_findings_and_targets_in_turn(tmp_path: Path) -> None:
    _, run, assembly = launch(tmp_path, Weak(), loop={"hypotheses": 8}, screen={"tau": 1.01})
    survey = read_facts(run, "survey")[0]
    assert (survey["attributes"], survey["purity"], survey["floor"]) == (None, None, False)
    assert survey["kept"] == [entry["paper"]["id"] for entry in survey["papers"]]
    assert any("papers go on, by words and embedding alone" in note["text"] for note in read_facts(run, "note"))
    hypotheses = read_facts(run, "hypothesis")
    assert len({(fact["papers"][0], fact["target"]) for fact in hypotheses}) == len(hypotheses) >= 8
    assert len({fact["papers"][0] for fact in hypotheses[:3]}) == 3
    assert all(fact["predicted_effect"] is None and "below 0.05" in fact["refuted_by"] for fact in hypotheses)
    requests = [request for request in assembly.scripted.requests if request.role == "ideator"]
    assert {len((request.schema_ or {})["properties"]) for request in requests} == {3}
    assert all("on nothing else:\n" in request.messages[-1].content for request in requests)


def test_all_prompts_of_a_run_begin_alike(tmp_path: Path) -> None:
    _, _, assembly = launch(tmp_path, Weak())
    requests = [request for request in assembly.scripted.requests if request.role in {"ideator", "planner"}]
    assert len({request.messages[0].content for request in requests}) == 1
    starts = {request.messages[1].content[:200] for request in requests}
    assert len(starts) == 1
    assert "regression on a small table" in starts.pop()
