"""Measures the purity of a set of papers, as in Dolphin's Table 4 (arXiv 2501.03916).

It counts how many papers contain words of the task's output, among the kept ones and among all retrieved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.literature.attributes import Attributes
from pelagos.nouns import Paper
from tools.literature.source import tokenize

MIN_WORD_LENGTH = 5
COMMON_WORDS = frozenset(
    [
        "given",
        "number",
        "value",
        "values",
        "which",
        "their",
        "these",
        "those",
        "where",
        "model",
        "models",
        "output",
        "input",
        "produce",
        "one",
    ]
)


def output_keywords(attributes: Attributes) -> list[str]:
    """Return the words of the task's output that may distinguish papers."""
    return list(
        dict.fromkeys(
            word for word in tokenize(attributes.output) if len(word) >= MIN_WORD_LENGTH and word not in COMMON_WORDS
        )
    )


def measure_purity(attributes: Attributes, retrieved: Sequence[Paper], kept: Sequence[Paper]) -> dict[str, Any]:
    """Return per set: the number of papers, how many have a keyword in title or abstract, and the share."""
    keywords = set(output_keywords(attributes))
    return {
        "keywords": sorted(keywords),
        "retrieved": _count_holding(retrieved, keywords),
        "kept": _count_holding(kept, keywords),
    }


def _count_holding(papers: Sequence[Paper], keywords: set[str]) -> dict[str, Any]:
    holding = sum(bool(keywords & set(tokenize(f"{paper.title} {paper.abstract}"))) for paper in papers)
    share = round(holding / len(papers), 3) if papers else None
    return {"papers": len(papers), "with_keyword": holding, "share": share}
