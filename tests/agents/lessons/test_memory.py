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

from agents.launch import drive
from agents.models.protocol import Reply, Request
from agents.setup.create import create
from memory.bank.bank import HypothesisBank
from memory.bank.lesson_status import LessonStatus, lesson_status
from memory.embedders.embedder import hashing
from memory.ledger.ledger import Ledger
from tests.agents.scripted import Scripted, ScriptedAssembly, make_idea
from tests.agents.test_loop import make_settings, read_facts
from tests.toolchains.table import write_task


class Stubborn(Scripted):
    """Proposes the same hypotheses in every run, whatever it is told."""

    def complete(self, request: Request, timeout: float) -> Reply:
        reply = super().complete(request, timeout)
        if "statement" not in (request.schema_ or {}).get("properties", {}):
            return reply
        return reply.model_copy(update={"text": json.dumps(make_idea(request.sample - 1))})


def run_once(project: Path, name: str) -> tuple[Path, ScriptedAssembly]:
    assembly = ScriptedAssembly(Stubborn())
    loop = {"loop": {"hypotheses": 3, "attempts": 8}}
    run = create(project, str(project / "table"), make_settings(**loop), project / "runs" / name, assembly)
    assert drive(run, assembly=assembly).exit_code == 0
    return run, assembly


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    project = tmp_path_factory.mktemp("project")
    write_task(project / "table")
    return run_once(project, "first"), run_once(project, "second")


def test_none_of_the_first_runs_dead_ends_gets_through(two_runs: Any) -> None:
    (first, _), (second, _) = two_runs
    lessons = {fact["hypothesis"]: fact for fact in read_facts(first, "lesson")}
    dead = {
        f"first/{id}" for id, fact in lessons.items() if lesson_status({**fact, "lesson": "l"}) is LessonStatus.DEAD_END
    }
    assert dead
    titles = {fact["id"]: fact["title"] for fact in read_facts(first, "hypothesis")}
    ended = {titles[id.partition("/")[2]] for id in dead}
    proposed = {fact["id"]: fact["title"] for fact in read_facts(second, "hypothesis")}
    assert ended <= set(proposed.values())  # it did propose them
    screened = {fact["hypothesis"]: fact for fact in read_facts(second, "screened")}
    for id, title in proposed.items():
        if title in ended:
            assert not screened[id]["kept"]
            assert screened[id]["reason"].startswith("repeats the dead end first/h"), screened[id]
    worse = next(fact for fact in screened.values() if "undecided: -" in fact["reason"])  # hopeless after three seeds
    assert worse["nearest"] in dead
    assert not {fact["title"] for fact in read_facts(second, "lesson")} & ended


def test_what_was_not_tried_yet_goes_on(two_runs: Any) -> None:
    (first, _), (second, _) = two_runs
    kept = [{fact["title"] for fact in read_facts(run, "lesson")} for run in (first, second)]
    assert kept[1]
    assert not kept[0] & kept[1]


def test_the_vector_of_every_hypothesis_is_in_its_runs_ledger(two_runs: Any) -> None:
    for run, _ in two_runs:
        screened = {fact["hypothesis"] for fact in read_facts(run, "screened")}
        vectors = read_facts(run, "vector")
        assert len(vectors) == len(screened) > 0
        assert {(vector["embedder"], vector["dims"]) for vector in vectors} == {("hashing-512", 512)}


def asked(assembly: ScriptedAssembly) -> list[str]:
    return [request.messages[-1].content for request in assembly.scripted.requests if request.role == "ideator"]


def test_ideation_is_told_what_the_first_run_found(two_runs: Any) -> None:
    (first, before), (_, assembly) = two_runs
    assert "in others" not in asked(before)[0]
    prompt = asked(assembly)[0]
    worked, _, rest = prompt.partition("Dead ends: tried, and they failed or changed nothing:")
    assert '"Square of column a" at a, in run first: supported, effect +' in worked
    assert "predicted +0.1" in worked
    assert "+ square(a)" in worked  # the change itself, from the first run's folder
    dead = [fact for fact in read_facts(first, "lesson") if fact["verdict"] in ("refuted", "equivalent")]
    assert dead
    for fact in dead:
        assert f'"{fact["title"]}" at {fact["target"]}, in run first: {fact["verdict"]}, effect ' in rest
        assert f"[{fact['effect']['low']:.4g}, {fact['effect']['high']:.4g}]" in rest
    assert "cost: " in rest


def test_what_was_told_is_recorded_once_per_hypothesis(two_runs: Any) -> None:
    _, (second, assembly) = two_runs
    recorded, prompts = read_facts(second, "remembered"), asked(assembly)
    assert len(recorded) == len(prompts)
    assert {item["id"].partition("/")[0] for item in recorded[0]["items"]} == {"first"}
    for fact, prompt in zip(recorded, prompts, strict=True):
        assert 0 < fact["tokens"] <= fact["budget"]
        assert all(item["text"] in prompt for item in fact["items"])


def test_the_budget_holds_and_nought_tells_nothing(two_runs: Any) -> None:
    (first, _), _ = two_runs
    project = first.parent.parent
    for memory, name in ((60, "short"), (0, "silent")):
        assembly, stop = ScriptedAssembly(Stubborn()), threading.Event()
        run = create(
            project, str(project / "table"), make_settings(loop={"memory": memory}), project / "runs" / name, assembly
        )
        drive(run, lambda event, stop=stop: stop.set() if event.kind == "remembered" else None, stop, assembly)
        (fact,) = read_facts(run, "remembered")
        assert fact["tokens"] <= memory
        assert bool(fact["items"]) == bool(memory)


def test_an_embedder_that_knows_spelling_only_is_named_in_the_run(two_runs: Any) -> None:
    for run, _ in two_runs:
        assert any("recognised by their spelling only" in fact["text"] for fact in read_facts(run, "note"))


NIGHT = """
import sys, time
from pathlib import Path
from agents.launch import drive
from agents.setup.create import create
from tests.agents.lessons.test_memory import Stubborn
from tests.agents.scripted import ScriptedAssembly
from tests.agents.test_loop import make_settings

project, name = Path(sys.argv[1]), sys.argv[2]
assembly = ScriptedAssembly(Stubborn())
run = create(project, str(project / "table"), make_settings(loop={"attempts": 8}), project / "runs" / name, assembly)
(project / f"{name}.ready").touch()
while not (project / "go").exists():
    time.sleep(0.01)
sys.exit(drive(run, assembly=assembly).exit_code)
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
    errors = [night.communicate(timeout=240)[1] for night in nights]
    assert [night.returncode for night in nights] == [0, 0], errors
    runs = [tmp_path / "runs" / name for name in names]
    tested = [{fact["title"] for fact in read_facts(run, "lesson")} for run in runs]
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
