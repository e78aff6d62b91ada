"""What one run found, the next run in the same project knows: dead ends don't pass screen, and ideation is told."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from agents.launch import create, drive
from agents.models.protocol import Reply, Request
from memory.standing import Standing, standing
from tests.agents.scripted import Scripted, ScriptedParts, _idea
from tests.agents.test_loop import facts, settings
from tests.toolchains.table import write_task


class Stubborn(Scripted):
    """Proposes the same hypotheses in every run, whatever it is told."""

    def complete(self, request: Request, timeout: float) -> Reply:
        reply = super().complete(request, timeout)
        if "statement" not in (request.schema_ or {}).get("properties", {}):
            return reply
        return reply.model_copy(update={"text": json.dumps(_idea(request.sample - 1))})


def run_once(project: Path, name: str) -> tuple[Path, ScriptedParts]:
    parts = ScriptedParts(Stubborn())
    loop = {"loop": {"hypotheses": 3, "attempts": 8}}
    run = create(project, str(project / "table"), settings(**loop), project / "runs" / name, parts)
    assert drive(run, parts=parts).exit_code == 0
    return run, parts


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    project = tmp_path_factory.mktemp("project")
    write_task(project / "table")
    return run_once(project, "first"), run_once(project, "second")


def test_none_of_the_first_runs_dead_ends_gets_through(two_runs: Any) -> None:
    (first, _), (second, _) = two_runs
    lessons = {fact["hypothesis"]: fact for fact in facts(first, "lesson")}
    dead = {f"first/{id}" for id, fact in lessons.items() if standing({**fact, "lesson": "l"}) is Standing.DEAD_END}
    assert dead
    titles = {fact["id"]: fact["title"] for fact in facts(first, "hypothesis")}
    ended = {titles[id.partition("/")[2]] for id in dead}
    proposed = {fact["id"]: fact["title"] for fact in facts(second, "hypothesis")}
    assert ended <= set(proposed.values())  # it did propose them
    screened = {fact["hypothesis"]: fact for fact in facts(second, "screened")}
    for id, title in proposed.items():
        if title in ended:
            assert not screened[id]["kept"]
            assert screened[id]["reason"].startswith("repeats the dead end first/h1-"), screened[id]
    refuted = next(fact for fact in screened.values() if "refuted: -" in fact["reason"])
    assert refuted["nearest"] in dead
    assert not {fact["title"] for fact in facts(second, "lesson")} & ended


def test_what_was_not_tried_yet_goes_on(two_runs: Any) -> None:
    (first, _), (second, _) = two_runs
    kept = [{fact["title"] for fact in facts(run, "lesson")} for run in (first, second)]
    assert kept[1]
    assert not kept[0] & kept[1]


def test_the_vector_of_every_hypothesis_is_in_its_runs_ledger(two_runs: Any) -> None:
    for run, _ in two_runs:
        screened = {fact["hypothesis"] for fact in facts(run, "screened")}
        vectors = facts(run, "vector")
        assert len(vectors) == len(screened) > 0
        assert {(one["embedder"], one["dims"]) for one in vectors} == {("hashing-512", 512)}


def asked(parts: ScriptedParts) -> list[str]:
    return [one.messages[-1].content for one in parts.scripted.requests if one.role == "ideator"]


def test_ideation_is_told_what_the_first_run_found(two_runs: Any) -> None:
    (first, before), (_, parts) = two_runs
    assert not any("earlier runs" in prompt for prompt in asked(before))
    prompt = asked(parts)[0]
    worked, _, rest = prompt.partition("Dead ends: tried, and they failed or changed nothing:")
    assert '"Square of column a" at a, in run first: supported, effect +' in worked
    assert "predicted +0.1" in worked
    assert "+ square(a)" in worked  # the change itself, from the first run's folder
    dead = [fact for fact in facts(first, "lesson") if fact["verdict"] in ("refuted", "equivalent")]
    assert dead
    for fact in dead:
        assert f'"{fact["title"]}" at {fact["target"]}, in run first: {fact["verdict"]}, effect ' in rest
        assert f"[{fact['low']:.4g}, {fact['high']:.4g}]" in rest
    assert "cost: " in rest


def test_what_was_told_is_recorded_once_per_cycle(two_runs: Any) -> None:
    _, (second, parts) = two_runs
    (fact,) = facts(second, "remembered")
    assert 0 < fact["tokens"] <= fact["budget"]
    assert {item["id"].partition("/")[0] for item in fact["items"]} == {"first"}
    told = [item["text"] for item in fact["items"]]
    assert all(text in prompt for text in told for prompt in asked(parts))


def test_the_budget_holds_and_nought_tells_nothing(two_runs: Any) -> None:
    (first, _), _ = two_runs
    project = first.parent.parent
    for memory, name in ((60, "short"), (0, "silent")):
        parts, stop = ScriptedParts(Stubborn()), threading.Event()
        run = create(project, str(project / "table"), settings(loop={"memory": memory}), project / "runs" / name, parts)
        drive(run, lambda event, stop=stop: stop.set() if event.kind == "remembered" else None, stop, parts)
        (fact,) = facts(run, "remembered")
        assert fact["tokens"] <= memory
        assert bool(fact["items"]) == bool(memory)


def test_an_embedder_that_knows_spelling_only_is_named_in_the_run(two_runs: Any) -> None:
    for run, _ in two_runs:
        assert any("recognised by their spelling only" in fact["text"] for fact in facts(run, "note"))
