"""Ranks papers by the words of a query with BM25 (Robertson & Zaragoza 2009, with k1 = 1.5 and b = 0.75)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from pelagos.nouns import Paper
from tools.literature.source import tokenize

K1 = 1.5
B = 0.75


def bm25(query: str, papers: Sequence[Paper]) -> list[float]:
    """One score per paper, over title, abstract and finding."""
    texts = [Counter(tokenize(f"{paper.title} {paper.abstract} {paper.finding}")) for paper in papers]
    mean = sum(text.total() for text in texts) / max(1, len(texts))
    query_words = set(tokenize(query))
    rarity = {word: _idf(sum(word in text for text in texts), len(texts)) for word in query_words}
    return [
        sum(rarity[word] * _saturate(text[word], text.total(), mean) for word in sorted(query_words)) for text in texts
    ]


def _idf(holding: int, of: int) -> float:
    return math.log(1 + (of - holding + 0.5) / (holding + 0.5))


def _saturate(times: int, length: int, mean: float) -> float:
    return times * (K1 + 1) / (times + K1 * (1 - B + B * length / mean)) if times else 0.0
