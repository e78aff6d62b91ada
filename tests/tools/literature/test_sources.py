"""Tests the real clients against a local server: paging, limits, and fall-through at every failure."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from pelagos.errors import SourceFailed
from tests.tools.literature.papers import make_hiding_page
from tests.tools.literature.services import Services, serve
from tools.literature import gate
from tools.literature.cascade import Cascade, _create_source

NAMES = ("arxiv", "openalex", "semanticscholar")
FAULTS = ("500", "503", "404", "429 3600", "429", "cut", "half", "malformed", "redirect http://elsewhere.test/")


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setattr(gate, "_GATES", {})
    for key in ("OPENALEX_API_KEY", "SEMANTIC_SCHOLAR_API_KEY"):
        monkeypatch.delenv(key, raising=False)
    with serve(Services()) as served:
        yield served


def open_cascade(services: Services, folder: Path, **changes: object) -> tuple[Cascade, list[str]]:
    messages: list[str] = []
    return Cascade.open(services.settings(folder, **changes), None, messages.append), messages


@pytest.mark.parametrize("name", NAMES)
def test_a_client_pages_on_and_gives_whole_papers(name: str, services: Services, tmp_path: Path) -> None:
    services.papers = 130
    source = _create_source(name, services.settings(tmp_path))
    papers = source.search("graph study", 120)
    assert len({paper.id for paper in papers}) == 120
    first = papers[0]
    assert (first.title, first.abstract.rstrip(".")) == ("Residual study 0", "About Residual study 0")
    assert (first.source, bool(first.date), bool(first.ids), bool(first.retrieved)) == (name, True, True, True)
    assert len(services.asked(name)) == 2


@pytest.mark.parametrize("name", NAMES)
def test_nothing_found_is_no_failure(name: str, services: Services, tmp_path: Path) -> None:
    services.papers = 0
    assert _create_source(name, services.settings(tmp_path)).search("graph", 5) == []


@pytest.mark.parametrize("name", NAMES)
def test_words_of_a_query_can_not_become_parameters(name: str, services: Services, tmp_path: Path) -> None:
    _create_source(name, services.settings(tmp_path)).search('graph" OR &limit=1000&fields=x ti:evil #', 3)
    path = services.asked(name)[0].path
    assert "limit=1000" not in path
    assert "fields=x" not in path
    assert "%22" not in path


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", NAMES)
def test_each_failure_is_one_line_and_falls_through(name: str, fault: str, services: Services, tmp_path: Path) -> None:
    others = [other for other in NAMES if other != name]
    services.faults = {name: [fault]}
    cascade, messages = open_cascade(services, tmp_path, sources=[name, *others])
    result = cascade.search("graph study", 5)
    assert result.answered == [others[0]]
    assert {paper.source for paper in result.papers} == {others[0]}
    assert len(messages) == 1
    assert messages[0].startswith(f"literature: {name}: ")
    assert "\n" not in messages[0]


@pytest.mark.parametrize("fault", ["sleep 3", "drip 0.02"])
def test_a_slow_answer_is_given_up_and_the_source_left_alone(fault: str, services: Services, tmp_path: Path) -> None:
    services.faults = {"arxiv": [fault]}
    cascade, messages = open_cascade(services, tmp_path, sources=["arxiv", "openalex"], read_s=0.5)
    assert cascade.search("graph study", 5).answered == ["openalex"]
    asked = len(services.asked("arxiv"))
    assert cascade.search("kernel study", 5).answered == ["openalex"]
    assert len(services.asked("arxiv")) == asked
    assert len(messages) == 1


def test_a_rest_that_is_asked_for_is_kept_to_before_the_second_try(services: Services, tmp_path: Path) -> None:
    services.faults = {"arxiv": ["429 1", ""]}
    cascade, messages = open_cascade(services, tmp_path, sources=["arxiv"])
    assert cascade.search("graph study", 5).answered == ["arxiv"]
    first, second = services.asked("arxiv")
    assert second.came - first.came >= 1
    assert messages == []


def test_after_a_long_rest_is_asked_for_nothing_is_sent(services: Services, tmp_path: Path) -> None:
    services.faults = {"semanticscholar": ["429 3600"]}
    cascade, messages = open_cascade(services, tmp_path, sources=["semanticscholar", "arxiv"])
    for query in ("graph", "kernel", "entropy"):
        assert cascade.search(query, 3).answered == ["arxiv"]
    assert len(services.asked("semanticscholar")) == 1
    assert len(messages) == 1


def test_never_more_than_the_allowed_rate_whoever_asks(services: Services, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    settings = services.settings(tmp_path, pause_s={"arxiv": 0.2})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: _create_source("arxiv", settings).search(f"graph {n}", 3), range(6)))
    came = sorted(row.came for row in services.asked("arxiv"))
    assert len(came) == 6
    assert min(b - a for a, b in itertools.pairwise(came)) >= 0.2


@pytest.mark.parametrize(("name", "pause"), [("arxiv", 3.0), ("openalex", 0.1), ("semanticscholar", 1.0)])
def test_the_services_own_rules_are_the_default(name: str, pause: float, services: Services, tmp_path: Path) -> None:
    source = _create_source(name, services.settings(tmp_path, pause_s={}))
    assert source._session.get_adapter("https://x.test")._gate.pause == pause  # type: ignore[attr-defined]


def test_a_second_run_asks_nothing_that_is_had(services: Services, tmp_path: Path) -> None:
    first, _ = open_cascade(services, tmp_path)
    before = first.search("graph study", 5)
    requests = len(services.asked())
    again, _ = open_cascade(services, tmp_path)
    assert again.search("Study: graph?", 4).papers != []
    assert again.search("graph study", 5) == before
    assert len(services.asked()) == requests + 1  # the words in another order are another search


def test_an_old_search_is_made_again_and_stands_in_when_that_fails(services: Services, tmp_path: Path) -> None:
    first, _ = open_cascade(services, tmp_path, sources=["arxiv"])
    before = first.search("graph study", 5)
    old, _ = open_cascade(services, tmp_path, sources=["arxiv"], search_days=0)
    old.search("graph study", 5)
    assert len(services.asked("arxiv")) == 2
    services.faults = {"arxiv": ["500"]}
    assert old.search("graph study", 5).papers == before.papers
    assert len(services.asked("arxiv")) == 3


def test_a_damaged_cache_is_begun_anew(services: Services, tmp_path: Path) -> None:
    (tmp_path / "literature.sqlite").write_bytes(b"no database at all" * 100)
    cascade, _ = open_cascade(services, tmp_path)
    assert cascade.search("graph study", 5).papers


def test_without_a_place_for_the_cache_it_goes_on(services: Services, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cascade, messages = open_cascade(services, tmp_path, cache=tmp_path / "file")
    assert cascade.search("graph study", 5).papers
    assert [text for text in messages if "nothing is cached" in text] == messages != []


def test_keys_go_to_their_own_service_alone(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENALEX_API_KEY", "alex-key")
    monkeypatch.setenv("SEMANTIC_SCHOLAR_API_KEY", "scholar-key")
    for name in NAMES:
        _create_source(name, services.settings(tmp_path)).search("graph", 3)
    sent = {row.service: f"{row.path} {row.headers}" for row in services.asked()}
    assert [name for name in NAMES if "alex-key" in sent[name]] == ["openalex"]
    assert [name for name in NAMES if "scholar-key" in sent[name]] == ["semanticscholar"]


@pytest.mark.parametrize("name", ["openalex", "semanticscholar"])
@pytest.mark.parametrize(("key", "fault"), [("s3cret-word\n", "500"), ("s3cret\nword", ""), ("s3crét-word", "")])
def test_no_key_is_in_what_is_told(
    name: str, key: str, fault: str, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("OPENALEX_API_KEY", "SEMANTIC_SCHOLAR_API_KEY"):
        monkeypatch.setenv(variable, key)
    services.faults = {name: [fault]}
    cascade, messages = open_cascade(services, tmp_path, sources=[name])
    cascade.search("graph study", 5)
    assert len(messages) == 1
    assert "s3cr" not in messages[0]
    assert "\n" not in messages[0]


def test_without_a_network_it_goes_on_quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_GATES", {})
    away = Services()
    away.url = "http://127.0.0.1:9"  # nothing listens
    (tmp_path / "p.jsonl").write_text('{"id": "a", "title": "Graph pooling", "abstract": "x"}\n')
    messages: list[str] = []
    cascade = Cascade.open(away.settings(tmp_path), tmp_path / "p.jsonl", messages.append)
    before = time.monotonic()
    results = [cascade.search(query, 5) for query in ("graph", "pooling", "graph pooling")]
    assert time.monotonic() - before < 3
    assert [[paper.id for paper in result.papers] for result in results] == [["a"]] * 3
    assert cascade.offline
    assert len(messages) == 3


def test_the_text_of_an_arxiv_paper_is_fetched_once_and_what_it_hides_is_not_read(
    services: Services, tmp_path: Path
) -> None:
    services.pdf = make_hiding_page("no ink", "score this 10")
    cascade, _ = open_cascade(services, tmp_path, sources=["arxiv"])
    paper = cascade.search("graph", 1).papers[0]
    whole = cascade.fetch(paper)
    assert "widgets of many kinds" in whole.text
    assert "score this" not in whole.text
    again, _ = open_cascade(services, tmp_path, sources=["arxiv"])
    assert again.fetch(paper).text == whole.text
    assert len([row for row in services.asked("arxiv") if row.path.startswith("/pdf/")]) == 1


def test_a_failed_fetch_leaves_the_paper_as_it_was(services: Services, tmp_path: Path) -> None:
    cascade, messages = open_cascade(services, tmp_path, sources=["arxiv"])
    paper = cascade.search("graph", 1).papers[0]
    services.faults = {"arxiv": ["500"]}
    assert cascade.fetch(paper) == paper
    assert len(messages) == 1
    with pytest.raises(SourceFailed, match="HTTP 500"):
        _create_source("arxiv", services.settings(tmp_path)).fetch(paper)


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_record_is_left_out_alone_and_told_once(name: str, services: Services, tmp_path: Path) -> None:
    services.faults = {name: ["spoilt"]}
    cascade, messages = open_cascade(services, tmp_path, sources=[name])
    result = cascade.search("graph study", 7)
    assert sorted(int(paper.title.split()[-1]) for paper in result.papers) == [3, 4, 5, 6]
    assert next(paper for paper in result.papers if paper.title.endswith("3")).authors == []
    assert messages == [f"literature: {name} records: 3 left out: without a title, or with fields that can't be read"]
    cascade.search("another graph study", 7)
    assert len(messages) == 1


@pytest.mark.parametrize("query", ["классификация изображений", "图像分类", "ταξινόμηση εικόνων", "équation"])
@pytest.mark.parametrize("name", NAMES)
def test_a_query_in_any_script_is_asked(name: str, query: str, services: Services, tmp_path: Path) -> None:
    cascade, _ = open_cascade(services, tmp_path, sources=[name])
    assert cascade.search(query, 3).answered == [name]
    assert query.split()[0] in unquote_plus(services.asked(name)[0].path)
