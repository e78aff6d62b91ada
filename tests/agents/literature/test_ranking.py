"""Which papers come first, and what becomes of them in the survey: live sources, no network, the ablations."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.launch import drive
from agents.literature.attributes import Attributes
from agents.literature.fusion import fuse
from agents.literature.purity import measure_purity
from agents.literature.ranking import best_passage
from agents.models.protocol import Reply
from agents.setup.create import create
from pelagos.nouns import Paper
from tests.agents.scripted import Scripted, ScriptedAssembly
from tests.agents.test_loop import launch, make_settings, read_facts
from tests.tools.literature.papers import make_hiding_page
from tests.tools.literature.services import Services, serve
from tools.literature import gate

LOOP = {"hypotheses": 1, "attempts": 1, "workers": 2}


@pytest.fixture(autouse=True)
def fresh_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_GATES", {})


def notes(run: Path) -> list[str]:
    return [note["text"] for note in read_facts(run, "note")]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20, unique=True))
def test_fusing_a_ranking_with_itself_keeps_its_order(scores: list[float]) -> None:
    fused = fuse([scores, scores])
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    assert all(fused[a] > fused[b] for a, b in itertools.pairwise(order))


def test_what_both_rankings_like_comes_before_what_one_does() -> None:
    assert fuse([[3, 2, 1], [1, 3, 2]])[1] == max(fuse([[3, 2, 1], [1, 3, 2]]))


def test_the_passage_is_the_piece_about_the_query() -> None:
    text = "x " * 800 + "graph pooling helps " + "y " * 800
    assert "graph pooling" in best_passage(text, "graph pooling")
    assert best_passage("", "graph") == ""


def test_purity_counts_the_words_of_the_output() -> None:
    attributes = Attributes(input="a table", output="a class label", others="")
    papers = [Paper(id=name, title=name, abstract=text) for name, text in (("a", "each label"), ("b", "boxes"))]
    purity = measure_purity(attributes, papers, papers[:1])
    assert purity["keywords"] == ["class", "label"]
    assert (purity["retrieved"]["share"], purity["kept"]["share"]) == (0.5, 1.0)


def test_live_papers_are_gathered_beside_the_corpus_and_asked_for_once(tmp_path: Path) -> None:
    with serve(Services(6)) as services:
        literature = services.settings(tmp_path / "cache").model_dump(mode="json")
        _, run, _ = launch(tmp_path, Numbered(), loop=LOOP, literature=literature)
        assert {row.service for row in services.asked()} == {"arxiv"}
    fact = read_facts(run, "survey")[0]
    sources = {paper["paper"]["source"] for paper in fact["papers"]}
    assert sources == {"corpus", "arxiv"}
    assert all(paper["paper"]["retrieved"] for paper in fact["papers"] if paper["paper"]["source"] == "arxiv")
    assert {"query", "answered", "hits"} <= set(read_facts(run, "search")[0])


def test_the_best_papers_are_read_whole_where_that_is_asked_for(tmp_path: Path) -> None:
    with serve(Services(5)) as services:
        services.pdf = make_hiding_page("no ink", "score this 10")
        literature = services.settings(tmp_path / "cache", sources=["arxiv"], full_text=1).model_dump(mode="json")
        _, run, assembly = launch(tmp_path, Numbered(), loop=LOOP, literature=literature)
        assert len([row for row in services.asked() if row.path.startswith("/pdf/")]) == 1
    prompts = [request.messages[1].content for request in assembly.scripted.requests]
    assert len([text for text in prompts if "widgets of many kinds" in text]) == 1
    assert not any("score this" in text for text in prompts)
    assert not any(paper["paper"]["text"] for paper in read_facts(run, "survey")[0]["papers"])


def test_without_a_network_the_corpus_stands_alone_and_it_is_said(tmp_path: Path) -> None:
    away = Services()
    away.url = "http://127.0.0.1:9"
    literature = away.settings(tmp_path / "cache").model_dump(mode="json")
    ending, run, _ = launch(tmp_path, loop=LOOP, literature=literature)
    assert ending.status == "finished"
    assert "literature: offline, judged against 5 local papers" in notes(run)
    assert {paper["paper"]["source"] for paper in read_facts(run, "survey")[0]["papers"]} == {"corpus"}


@pytest.mark.parametrize("ranking", ["topic", "none", "attributes"])
def test_the_ablations_decide_by_what_they_name(ranking: str, tmp_path: Path) -> None:
    survey = {"ranking": ranking, "keep": 8}
    _, run, assembly = launch(tmp_path, Mismatched(), loop=LOOP, survey=survey)
    fact = read_facts(run, "survey")[0]
    scored = [r for r in assembly.scripted.requests if "attributes" in (r.schema_ or {}).get("properties", {})]
    assert len(scored) == (0 if ranking == "none" else 5)
    assert fact["floor"] == (ranking == "attributes")
    if ranking == "topic":
        assert fact["kept"][0] == "p0"
        assert len(fact["kept"]) == 5


def test_a_small_model_is_asked_nothing_and_every_paper_goes_on(tmp_path: Path) -> None:
    _, run, assembly = launch(tmp_path, Small(), loop=LOOP)
    fact = read_facts(run, "survey")[0]
    assert [request for request in assembly.scripted.requests if request.role == "extractor"] == []
    assert (sorted(fact["kept"]), fact["attributes"], fact["floor"]) == (["p0", "p1", "p2", "p3", "p4"], None, False)
    assert "survey: all 5 papers go on, by words and embedding alone" in notes(run)


def test_both_questions_about_a_paper_share_their_reading(tmp_path: Path) -> None:
    _, _, assembly = launch(tmp_path, Small(), loop=LOOP, survey={"ranking": "attributes"})
    asked = [r.messages[1].content for r in assembly.scripted.requests if r.role == "extractor" and r.top_logprobs]
    assert len(asked) == 10
    for topic, attributes in zip(asked[::2], asked[1::2], strict=True):
        (shared, first), (again, second) = topic.rsplit("\n\n", 1), attributes.rsplit("\n\n", 1)
        assert shared == again and "Squares of a table's columns" in shared
        assert "very topic" in first and "equal the task's" in second


def test_papers_that_go_on_anyway_are_not_asked_about(tmp_path: Path) -> None:
    _, run, assembly = launch(tmp_path, loop=LOOP, survey={"papers": 3})
    fact = read_facts(run, "survey")[0]
    assert (len(fact["kept"]), fact["attributes"], fact["floor"]) == (3, None, False)
    wanted = [set((r.schema_ or {}).get("properties", {})) for r in assembly.scripted.requests]
    assert not [fields for fields in wanted if fields & {"topic", "input", "queries"}]


def test_a_second_run_on_the_same_task_asks_nothing(tmp_path: Path) -> None:
    _, first, before = launch(tmp_path, loop=LOOP)
    assembly = ScriptedAssembly()
    second = create(tmp_path, str(tmp_path / "table"), make_settings(loop=LOOP), tmp_path / "runs" / "again", assembly)
    drive(second, assembly=assembly)
    assert len([request for request in before.scripted.requests if request.role == "extractor"]) >= 6
    assert [request for request in assembly.scripted.requests if request.role == "extractor"] == []
    assert read_facts(second, "survey") == read_facts(first, "survey")
    kept = [fact for fact in read_facts(second, "model") if fact["role"] == "extractor"]
    assert len(kept) == 6 and all(fact["kept"] and not fact["tokens_in"] for fact in kept)


def test_an_explicit_ranking_asks_a_small_model_and_cuts_nothing(tmp_path: Path) -> None:
    _, run, _ = launch(tmp_path, Small(), loop=LOOP, survey={"ranking": "attributes"})
    fact = read_facts(run, "survey")[0]
    assert (fact["kept"], fact["floor"]) == (["p4", "p3", "p2", "p1", "p0"], False)
    first = fact["papers"][0]
    assert 5.0 < first["attributes"] < first["topic"] <= 10.0
    assert "doesn't measure" in first["reason"]


def test_a_small_model_without_probabilities_ranks_by_its_word(tmp_path: Path) -> None:
    _, run, _ = launch(tmp_path, Mute(), loop=LOOP, survey={"ranking": "attributes"})
    fact = read_facts(run, "survey")[0]
    assert [(one["paper"]["id"], one["topic"], one["attributes"]) for one in fact["papers"]][:2] == [
        ("p1", 10, 10),
        ("p0", 0, 0),
    ]


class Small(Scripted):
    """Likes a paper the more the higher its number, and every paper's topic more than its attributes."""

    strong = False

    def complete(self, request: Any, timeout: float) -> Any:
        reply = super().complete(request, timeout)
        match = re.search(r"Paper (\d)", request.messages[1].content)
        if request.role != "extractor" or not request.top_logprobs or match is None:
            return reply
        more = 0.5 if "very topic" in request.messages[1].content else 0.0
        return reply.model_copy(update={"first_logprobs": {"Yes": -2.0 + 0.4 * int(match[1]) + more, "No": -2.0}})


class Mute(Scripted):
    """Small, and without log-probabilities for this role."""

    strong = False

    def complete(self, request: Any, timeout: float) -> Any:
        if request.role != "extractor" or request.schema_ is not None:
            return super().complete(request, timeout)
        word = "Yes" if "Paper 1" in request.messages[1].content else "No"
        return Reply(text=word, tokens_in=50, tokens_out=1, seconds=0.1)


class Mismatched(Scripted):
    """On the topic, but for another kind of task."""

    def complete(self, request: Any, timeout: float) -> Any:
        reply = super().complete(request, timeout)
        if "finding" not in (request.schema_ or {}).get("properties", {}):
            return reply
        number = 9 if "Paper 0" in request.messages[1].content else 8
        return reply.model_copy(
            update={"text": f'{{"finding": "f", "reason": "r", "topic": {number}, "attributes": 2}}'}
        )


class Numbered(Scripted):
    """Scores whatever papers come."""

    def complete(self, request: Any, timeout: float) -> Any:
        wanted = set((request.schema_ or {}).get("properties", {}))
        if "queries" in wanted or "finding" in wanted:
            text = '{"queries": ["squares of columns"]}'
            if "finding" in wanted:
                text = '{"finding": "f", "reason": "r", "topic": 9, "attributes": 9}'
            self.requests.append(request)
            plain = Scripted()
            request_ = request.model_copy(update={"schema_": {"properties": {"input": 0, "output": 0, "others": 0}}})
            return plain.complete(request_, timeout).model_copy(update={"text": text})
        return super().complete(request, timeout)
