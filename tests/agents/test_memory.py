"""What one run found, the next run in the same project knows: dead ends don't pass screen, and ideation is told."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import create, drive
from agents.models.protocol import Reply, Request
from memory.bank import HypothesisBank
from memory.embedder import hashing
from memory.ledger import Ledger
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
            assert screened[id]["reason"].startswith("repeats the dead end first/h"), screened[id]
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
    assert "in others" not in asked(before)[0]
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


def test_what_was_told_is_recorded_once_per_hypothesis(two_runs: Any) -> None:
    _, (second, parts) = two_runs
    recorded, prompts = facts(second, "remembered"), asked(parts)
    assert len(recorded) == len(prompts)
    assert {item["id"].partition("/")[0] for item in recorded[0]["items"]} == {"first"}
    for fact, prompt in zip(recorded, prompts, strict=True):
        assert 0 < fact["tokens"] <= fact["budget"]
        assert all(item["text"] in prompt for item in fact["items"])


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


NIGHT = """
import sys, time
from pathlib import Path
from agents.launch import create, drive
from tests.agents.test_memory import Stubborn
from tests.agents.scripted import ScriptedParts
from tests.agents.test_loop import settings

project, name = Path(sys.argv[1]), sys.argv[2]
parts = ScriptedParts(Stubborn())
run = create(project, str(project / "table"), settings(loop={"attempts": 8}), project / "runs" / name, parts)
(project / f"{name}.ready").touch()
while not (project / "go").exists():
    time.sleep(0.01)
sys.exit(drive(run, parts=parts).exit_code)
"""


@pytest.mark.slow
def test_two_nights_in_one_project_test_nothing_twice_and_the_ledgers_give_the_same_bank(tmp_path: Path) -> None:
    write_task(tmp_path / "table")
    names = ("first", "second")
    command = [sys.executable, "-W", "ignore", "-c", NIGHT, str(tmp_path)]
    nights = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in names]
    deadline = time.monotonic() + 120
    while not all((tmp_path / f"{name}.ready").exists() for name in names) and time.monotonic() < deadline:
        time.sleep(0.02)
    (tmp_path / "go").touch()
    said = [night.communicate(timeout=240)[1] for night in nights]
    assert [night.returncode for night in nights] == [0, 0], said
    runs = [tmp_path / "runs" / name for name in names]
    tested = [{fact["title"] for fact in facts(run, "lesson")} for run in runs]
    assert not tested[0] & tested[1]
    assert len(tested[0] | tested[1]) >= 4
    with warnings.catch_warnings(action="ignore"):
        embedder = hashing()
    with closing(HypothesisBank.open(tmp_path, embedder)) as bank:
        grown = sorted((near.id, near.text, near.meta) for near in bank.nearest("square", k=100))
        assert {meta["title"] for _, _, meta in grown} == tested[0] | tested[1]
        ledgers = [Ledger.read(run / "ledger.db") for run in runs]
        bank.rebuild(ledgers)
        assert sorted((near.id, near.text, near.meta) for near in bank.nearest("square", k=100)) == grown
        for ledger in ledgers:
            ledger.close()
