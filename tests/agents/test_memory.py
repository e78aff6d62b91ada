"""What one run found, the next run in the same project knows: dead ends don't pass screen, and ideation is told."""

from __future__ import annotations

import json
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
    for run, parts in two_runs:
        screened = {fact["hypothesis"] for fact in facts(run, "screened")}
        vectors = facts(run, "vector")
        assert len(vectors) == len(screened) > 0
        assert {(one["embedder"], one["dims"]) for one in vectors} == {(parts.embedder().id, parts.embedder().dims)}
