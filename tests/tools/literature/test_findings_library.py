"""Tests the shipped library: enough findings in every area, complete, and without duplicates."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pelagos.nouns import Paper
from tools.literature.corpus import Corpus
from tools.literature.findings_library import FOLDER, LIBRARY, load_library
from tools.literature.source import tokenize

AREAS = {
    "training", "regularisation", "architecture", "features", "tables", "series", "text", "images", "evaluation",
}  # fmt: skip
ALIKE = 0.5
COMMON = frozenset(tokenize("a an and are as at by for from in is it its of on or than that the to with"))


def read_lines() -> dict[str, list[dict[str, Any]]]:
    return {
        file.stem: [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for file in FOLDER.glob("*.jsonl")
    }


def similarity(first: Paper, second: Paper) -> float:
    first_words, second_words = (set(tokenize(paper.finding)) - COMMON for paper in (first, second))
    return len(first_words & second_words) / len(first_words | second_words)


def test_every_area_is_covered() -> None:
    counts = {area: len(lines) for area, lines in read_lines().items()}
    assert set(counts) == AREAS
    assert min(counts.values()) >= 17
    assert len(load_library()) == sum(counts.values()) >= 150


def test_every_line_is_a_whole_paper() -> None:
    for line in itertools.chain.from_iterable(read_lines().values()):
        paper = Paper.model_validate(line)
        assert paper.id.startswith("lib-")
        assert all(text == text.strip() and text for text in (paper.title, paper.abstract, paper.finding))
        assert 1950 < (paper.year or 0) < 2026
        assert paper.finding.endswith(".") and paper.abstract.endswith(".")
        assert 40 < len(paper.finding) < 260
        assert not paper.url or re.fullmatch(r"https://(arxiv\.org/abs/|doi\.org/10\.)\S+", paper.url)
        assert {"source", "text"}.isdisjoint(line)


def test_ids_are_unique_and_say_the_year() -> None:
    assert [id for id, times in Counter(paper.id for paper in load_library()).items() if times > 1] == []
    assert [paper.id for paper in load_library() if str(paper.year) not in paper.id] == []
    urls = Counter(paper.url for paper in load_library() if paper.url)
    assert [url for url, times in urls.items() if times > 1] == []


def test_no_two_findings_say_the_same() -> None:
    alike = [
        (first.id, second.id, round(similarity(first, second), 2))
        for first, second in itertools.combinations(load_library(), 2)
        if similarity(first, second) >= ALIKE
    ]
    assert alike == []


def test_a_repeated_finding_would_be_seen() -> None:
    first = load_library()[0]
    assert similarity(first, first.model_copy(update={"finding": f"Often, {first.finding}"})) >= ALIKE


def test_it_is_read_once_and_says_where_its_papers_come_from() -> None:
    assert load_library() is load_library()
    assert {paper.source for paper in load_library()} == {LIBRARY}


@pytest.mark.parametrize(("query", "area"), [
    ("text classification with tf-idf", "text"), ("forecast of a seasonal time series", "series"),
    ("small convolutional network on images", "images"), ("boosted trees on a table", "tables"),
])  # fmt: skip
def test_a_search_for_an_area_finds_that_area_first(query: str, area: str) -> None:
    own = {line["id"] for line in read_lines()[area]}
    papers = Corpus(list(load_library())).search(query, 5)
    assert sum(paper.id in own for paper in papers) >= 3


def test_it_is_in_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    named = project["tool"]["setuptools"]["package-data"]["tools.literature"]
    assert any(FOLDER.parent.glob(pattern) for pattern in named)
