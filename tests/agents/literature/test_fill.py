"""The shipped library stands in where papers are few, after a task's own, and says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.literature.fill import ENOUGH_PAPERS, fill_from_library
from pelagos.nouns import Paper
from tests.agents.nodes.laboratory import open_run
from tests.agents.nodes.test_thinking import Weak
from tests.agents.scripted import Scripted
from tests.agents.test_loop import launch, read_facts
from tests.tools.literature.services import Services
from tools.literature.findings_library import FOLDER, LIBRARY, load_library

LOOP = {"hypotheses": 2, "attempts": 2, "workers": 2}
QUERY = "regression on a small table"


def notes(run: Path) -> str:
    return "\n".join(note["text"] for note in read_facts(run, "note"))


def sources(run: Path) -> list[str]:
    return [paper["paper"]["source"] for paper in read_facts(run, "survey")[0]["papers"]]


def own(number: int) -> list[Paper]:
    return [Paper(id=f"p{n}", title=f"Paper {n}", abstract="a") for n in range(number)]


@pytest.fixture
def ready(tmp_path: Path) -> Any:
    """A run whose extractor is strong or isn't."""

    def made(strong: bool, **survey: Any) -> Any:
        run = open_run(tmp_path, survey=survey)
        model = Scripted()
        model.strong = strong
        run.role_models = lambda _: model  # type: ignore[assignment, return-value]
        return run

    return made


@pytest.mark.parametrize("live", [[], ["arxiv"]])
def test_without_corpus_and_network_hypotheses_build_on_the_library(live: list[str], tmp_path: Path) -> None:
    away = Services()
    away.url = "http://127.0.0.1:9"
    literature = away.settings(tmp_path / "cache", sources=live).model_dump(mode="json")
    _, run, assembly = launch(tmp_path, Weak(), loop=LOOP, survey={"fill": True}, literature=literature)
    fact = read_facts(run, "survey")[0]
    assert set(sources(run)) == {LIBRARY}
    assert len(fact["kept"]) == fact["library"] == 50
    assert "50 general findings of the shipped library are used in place of papers" in notes(run)
    named = [hypothesis["papers"] for hypothesis in read_facts(run, "hypothesis")]
    assert len({id for (id,) in named} & set(fact["kept"])) == 2
    assert {screened["novelty"] for screened in read_facts(run, "screened")} <= {"unknown", "variation"}
    assert [request for request in assembly.scripted.requests if request.role == "extractor"] == []


def test_a_tasks_own_papers_come_first_and_they_alone_are_scored(tmp_path: Path) -> None:
    _, run, assembly = launch(tmp_path, loop=LOOP, survey={"fill": True})
    fact = read_facts(run, "survey")[0]
    assert fact["kept"][:3] == ["p0", "p1", "p2"]
    assert (len(fact["kept"]), fact["corpus"], fact["library"]) == (3 + ENOUGH_PAPERS - 5, 5, ENOUGH_PAPERS - 5)
    assert sources(run) == ["corpus"] * 5 + [LIBRARY] * (ENOUGH_PAPERS - 5)
    assert len([r for r in assembly.scripted.requests if "topic" in (r.schema_ or {}).get("properties", {})]) == 5
    assert "after the 5 papers that were found" in notes(run)


@pytest.mark.parametrize(("strong", "found", "papers", "added"), [
    (True, 0, 50, 20), (True, 19, 50, 1), (True, 20, 50, 0), (True, 4, 6, 2),
    (False, 0, 50, 50), (False, 19, 50, 31), (False, 20, 50, 0), (False, 8, 8, 0),
])  # fmt: skip
def test_it_fills_up_to_what_the_model_can_use(strong: bool, found: int, papers: int, added: int, ready: Any) -> None:
    assert len(fill_from_library(own(found), QUERY, ready(strong, papers=papers))) == added


def test_it_can_be_switched_off(ready: Any) -> None:
    run = ready(False, fill=False)
    assert fill_from_library([], QUERY, run) == []
    assert list(run.ledger.events("note")) == []


def test_a_source_that_the_task_has_itself_isnt_taken_from_the_library(ready: Any) -> None:
    taken = load_library()[0]
    added = fill_from_library(
        [Paper(id="mine", title=taken.title.upper(), abstract="a")], QUERY, ready(False, papers=500)
    )
    assert taken.id not in {ranked.paper.id for ranked in added}
    assert len(added) == len([paper for paper in load_library() if paper.title != taken.title])


def test_the_fused_ranking_decides_which_findings_come_first(ready: Any) -> None:
    found = fill_from_library([], "sentiment of short texts by words and n-grams", ready(False, papers=10))
    lines = (FOLDER / "text.jsonl").read_text("utf-8").splitlines()
    texts = {json.loads(line)["id"] for line in lines}
    assert sum(one.paper.id in texts for one in found) >= 6
