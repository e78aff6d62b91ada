"""How pure a set of papers is, as in Dolphin's Table 4 (arXiv 2501.03916): how often the words of the task's output are
in the papers that were kept, beside all that were retrieved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.literature.attributes import Attributes
from pelagos.nouns import Paper
from tools.literature.source import words

LEAST = 5
COMMON = frozenset(
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


def keywords(attributes: Attributes) -> list[str]:
    """The words of the task's output that may tell papers apart."""
    return list(dict.fromkeys(w for w in words(attributes.output) if len(w) >= LEAST and w not in COMMON))


def purity(attributes: Attributes, retrieved: Sequence[Paper], kept: Sequence[Paper]) -> dict[str, Any]:
    """Per set: papers, how many have a keyword in title or abstract, and the share."""
    wanted = set(keywords(attributes))
    return {"keywords": sorted(wanted), "retrieved": _counted(retrieved, wanted), "kept": _counted(kept, wanted)}


def _counted(papers: Sequence[Paper], wanted: set[str]) -> dict[str, Any]:
    holding = sum(bool(wanted & set(words(f"{paper.title} {paper.abstract}"))) for paper in papers)
    share = round(holding / len(papers), 3) if papers else None
    return {"papers": len(papers), "with_keyword": holding, "share": share}
