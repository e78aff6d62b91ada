"""Tests that the ranking prefers the rare word."""

from __future__ import annotations

import pytest

from pelagos.nouns import Paper
from tools.literature.bm25 import bm25
from tools.literature.source import tokenize, tokenize_query


def paper(id: str, abstract: str) -> Paper:
    return Paper(id=id, title=f"On {id}", abstract=abstract)


def test_the_rare_word_counts_more_than_the_common_one() -> None:
    papers = [paper("a", "images of cats"), paper("b", "images of digits"), paper("c", "images images of images")]
    scores = bm25("handwritten digits images", papers)
    assert max(range(3), key=scores.__getitem__) == 1


def test_a_query_of_unknown_words_ranks_nothing() -> None:
    assert bm25("zebra", [paper("a", "x"), paper("b", "y")]) == [0.0, 0.0]
    assert bm25("zebra", []) == []


@pytest.mark.parametrize(
    ("query", "abstract"),
    [
        ("классификация изображений", "Сеть для классификация изображений без учителя"),
        ("ταξινόμηση εικόνων", "Νέα ταξινόμηση εικόνων με δίκτυα"),
        ("图像分类", "基于卷积网络的图像分类研究"),
        ("画像の分類", "畳み込みによる画像の分類"),
        ("Schrödinger équation", "solving the schrödinger équation"),
        ("Scho\u0308n", "ein schöner Tag, schön"),
        ("छवि वर्गीकरण", "नया छवि वर्गीकरण"),
        ("이미지 분류", "새로운 이미지 분류 방법"),
    ],
)
def test_words_of_every_script_are_found(query: str, abstract: str) -> None:
    scores = bm25(query, [paper("a", "images of cats"), paper("b", abstract)])
    assert scores[1] > scores[0] == 0.0
    assert tokenize_query(query)


def test_plain_english_words_are_what_they_were() -> None:
    assert tokenize("Top-1 accuracy of ResNet_50, at 3.5%") == [
        "top",
        "1",
        "accuracy",
        "of",
        "resnet",
        "50",
        "at",
        "3",
        "5",
    ]
    assert tokenize_query("naïve Bayes — 图像分类 (2020)") == ["naïve", "bayes", "图像分类", "2020"]
