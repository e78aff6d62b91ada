"""A local corpus of papers: JSONL files, a paper per line, and a BM25 ranking of them.

A line has `id`, `title`, `abstract`, and may have `year`, `finding` (one sentence a hypothesis can build on), `url`.
Doesn't fetch anything: live sources are other files of this folder.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from pelagos.errors import BadInput
from pelagos.nouns import Paper

K1 = 1.5
B = 0.75


def load(path: Path) -> list[Paper]:
    """The papers of a JSONL file or of every JSONL file in a folder, one per id. Raises BadInput, a line per fault."""
    if not path.exists():
        raise BadInput(f"corpus: {path} doesn't exist: name a folder of JSONL files or one such file")
    papers: dict[str, Paper] = {}
    faults: list[str] = []
    for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
        for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if not text.strip():
                continue
            try:
                paper = Paper.model_validate_json(text)
                papers.setdefault(paper.id, paper)
            except ValidationError as error:
                first = error.errors()[0]
                faults.append(f"{file}:{number}: {'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}")
    if faults:
        raise BadInput(*faults)
    return list(papers.values())


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def bm25(query: str, papers: Sequence[Paper]) -> list[float]:
    """One score per paper for title and abstract (Robertson & Zaragoza 2009, with k1 = 1.5 and b = 0.75)."""
    texts = [Counter(words(f"{paper.title} {paper.abstract} {paper.finding}")) for paper in papers]
    mean = sum(text.total() for text in texts) / max(1, len(texts))
    wanted = set(words(query))
    rarity = {word: _idf(sum(word in text for text in texts), len(texts)) for word in wanted}
    return [sum(rarity[word] * _saturated(text[word], text.total(), mean) for word in sorted(wanted)) for text in texts]


def _idf(holding: int, of: int) -> float:
    return math.log(1 + (of - holding + 0.5) / (holding + 0.5))


def _saturated(times: int, length: int, mean: float) -> float:
    return times * (K1 + 1) / (times + K1 * (1 - B + B * length / mean)) if times else 0.0
