"""A ranking that finds the rare word."""

from __future__ import annotations

from pelagos.nouns import Paper
from tools.literature.bm25 import bm25


def paper(id: str, abstract: str) -> Paper:
    return Paper(id=id, title=f"On {id}", abstract=abstract)


def test_the_rare_word_counts_more_than_the_common_one() -> None:
    papers = [paper("a", "images of cats"), paper("b", "images of digits"), paper("c", "images images of images")]
    scores = bm25("handwritten digits images", papers)
    assert max(range(3), key=scores.__getitem__) == 1


def test_a_query_of_unknown_words_ranks_nothing() -> None:
    assert bm25("zebra", [paper("a", "x"), paper("b", "y")]) == [0.0, 0.0]
    assert bm25("zebra", []) == []
