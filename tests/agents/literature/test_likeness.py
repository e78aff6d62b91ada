"""Findings that the program has a place for come first, as far as they matter for the task."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from agents.literature.likeness import compare_papers, sort_papers, sort_targets
from memory.embedders.hashing import HashingEmbedder
from pelagos.nouns import Paper, RankedPaper

MATERIAL = {"loss": "cross entropy with smoothed labels", "network": "hidden layers with dropout"}


def ranked(*ids: str) -> list[RankedPaper]:
    return [RankedPaper(paper=Paper(id=id, title=id, abstract=""), topic=0, attributes=0, reason="") for id in ids]


def test_nearest_target_by_its_material() -> None:
    papers = [
        Paper(id="s", title="Smoothed labels", abstract=""),
        Paper(id="d", title="Dropout of hidden layers", abstract=""),
    ]
    cosines = compare_papers(papers, MATERIAL, HashingEmbedder(0.8))
    assert sort_targets("s", list(MATERIAL), cosines) == ["loss", "network"]
    assert sort_targets("d", list(MATERIAL), cosines) == ["network", "loss"]
    assert sort_targets("d", ["loss"], cosines) == ["loss"]


def test_rank_and_place_both_count() -> None:
    found = {"first": {"t": 0.1}, "second": {"t": 0.9, "u": 0.2}, "third": {"t": 0.5}, "last": {"t": 0.2}}
    order = sort_papers(ranked("first", "second", "third", "last"), found)
    # 1/62 + 1/61, 1/61 + 1/64, 1/63 + 1/62, 1/64 + 1/63
    assert [one.paper.id for one in order] == ["second", "first", "third", "last"]


@given(st.lists(st.floats(-1, 1), min_size=0, max_size=12))
def test_nothing_is_lost_and_what_leads_in_both_leads(cosines: list[float]) -> None:
    ids = [str(place) for place in range(len(cosines))]
    order = sort_papers(ranked(*ids), {id: {"t": cosine} for id, cosine in zip(ids, cosines, strict=True)})
    assert sorted(one.paper.id for one in order) == sorted(ids)
    for (i, a), (j, b) in itertools.combinations(enumerate(cosines), 2):
        if a >= b:
            places = [one.paper.id for one in order]
            assert places.index(str(i)) < places.index(str(j))


def test_no_papers_no_order() -> None:
    assert sort_papers([], {}) == []
