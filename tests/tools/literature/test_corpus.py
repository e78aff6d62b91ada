"""The local corpus: faults by line, and a ranking that finds the rare word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pelagos.errors import BadInput
from pelagos.nouns import Paper
from tools.literature.corpus import bm25, load


def paper(id: str, abstract: str) -> Paper:
    return Paper(id=id, title=f"On {id}", abstract=abstract)


def test_a_folder_is_read_whole_and_an_id_once(tmp_path: Path) -> None:
    for name, ids in (("a.jsonl", "xy"), ("b.jsonl", "yz")):
        (tmp_path / name).write_text("\n".join(json.dumps(paper(id, name).model_dump()) for id in ids))
    assert [(one.id, one.abstract) for one in load(tmp_path)] == [("x", "a.jsonl"), ("y", "a.jsonl"), ("z", "b.jsonl")]


def test_a_corpus_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="doesn't exist"):
        load(tmp_path / "none")


def test_the_rare_word_counts_more_than_the_common_one() -> None:
    papers = [paper("a", "images of cats"), paper("b", "images of digits"), paper("c", "images images of images")]
    scores = bm25("handwritten digits images", papers)
    assert max(range(3), key=scores.__getitem__) == 1


def test_a_query_of_unknown_words_ranks_nothing() -> None:
    assert bm25("zebra", [paper("a", "x"), paper("b", "y")]) == [0.0, 0.0]
    assert bm25("zebra", []) == []
