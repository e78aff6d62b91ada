"""A local corpus of papers: a JSONL file, a paper per line, or a folder of JSONL, BibTeX and PDF files.

A line has `id`, `title`, `abstract`, and may have `year`, `finding` (one sentence a hypothesis can build on), `url` and
what else a Paper holds. What can't be used is named by file and line and left out; only a corpus with nothing usable is
refused. A BibTeX entry without an abstract gets the text of the PDF of its name.
"""

from __future__ import annotations

import hashlib
import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from pelagos.errors import BadInput, SourceFailed
from pelagos.nouns import Paper
from pelagos.textfile import decoded, read_bytes, read_text, refuse_wide
from tools.literature import bibtex, pdf
from tools.literature.bm25 import bm25
from tools.literature.cache import Cache

ABSTRACT_CHARS = 1500
TEXT_CHARS = 40_000
SUFFIXES = (".jsonl", ".bib", ".pdf")
_ABSTRACT = re.compile(r"\babstract\b[\s.:-]*", re.IGNORECASE)
Read = Iterator[Paper | tuple[int, str]]


@dataclass
class Corpus:
    """The papers, one per id, and a line per fault. A source like the live ones, but it never fails."""

    papers: list[Paper] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    name: str = "corpus"
    dropped: int = 0

    def search(self, query: str, limit: int) -> list[Paper]:
        """By BM25; what shares no word with the query is not found."""
        scores = bm25(query, self.papers)
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        return [self.papers[place] for place in order[:limit] if scores[place] > 0]

    def fetch(self, paper: Paper) -> Paper:
        return paper


def load(path: Path, cache: Cache | None = None, text_chars: int = TEXT_CHARS) -> Corpus:
    """The corpus at `path`. Raises BadInput where it doesn't exist or holds nothing that can be used."""
    if not path.exists():
        raise BadInput(f"corpus: {path} doesn't exist: name a folder of JSONL, BibTeX or PDF files, or one such file")
    found = Corpus()
    papers: dict[str, Paper] = {}
    for file in _files(path):
        for one in _read(file, cache, text_chars):
            if isinstance(one, Paper):
                papers[one.id] = _joined(papers.get(one.id), one)
            else:
                found.faults.append(f"{file}:{one[0]}: {one[1]}" if one[0] else f"{file}: {one[1]}")
    found.papers = list(papers.values())
    if not found.papers:
        kinds = "no papers in it: put JSONL, BibTeX or PDF files there, or take `survey.corpus` away"
        raise BadInput(*(found.faults or [f"corpus: {path}: {kinds}"]))
    return found


def _files(path: Path) -> list[Path]:
    """A folder's files, those that describe papers before those that are papers."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file())
    return [file for suffix in SUFFIXES for file in files if file.suffix.lower() == suffix]


def _read(file: Path, cache: Cache | None, text_chars: int) -> Read:
    try:
        if file.suffix.lower() == ".pdf":
            yield _pdf(file, cache, text_chars)
        elif file.suffix.lower() == ".bib":
            yield from bibtex.parse(read_text(file))
        else:
            yield from _lines(file)
    except SourceFailed as error:
        yield 0, f"{error}; left out"
    except (BadInput, ValidationError) as error:
        yield 0, f"{_said(error)}; left out"


def _lines(file: Path) -> Read:
    content = read_bytes(file)
    refuse_wide(content[:4])
    for number, raw in enumerate(content.removeprefix(BOM_UTF8).splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            yield _paper(decoded(raw))
        except (BadInput, ValidationError) as error:
            yield number, f"{_said(error)}; left out"


def _paper(line: str) -> Paper:
    """A field that is null is taken for one that isn't there."""
    try:
        return Paper.model_validate_json(line)
    except ValidationError as error:
        if all(one["input"] is not None for one in error.errors()):
            raise
    record = {name: value for name, value in json.loads(line).items() if value is not None}
    if isinstance(record.get("authors"), list):
        record["authors"] = [name for name in record["authors"] if name is not None]
    return Paper.model_validate(record)


def _said(error: BadInput | ValidationError) -> str:
    if isinstance(error, BadInput):
        return str(error).removeprefix("line 1: ")
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}"


def _pdf(file: Path, cache: Cache | None, text_chars: int) -> Paper:
    content = read_bytes(file)
    hash = f"{hashlib.sha256(content).hexdigest()}-{text_chars}"
    known = cache.text(hash) if cache else None
    title, _, text = known.partition("\n") if known else ("", "", "")
    if known is None:
        title, text = pdf.text(content, text_chars)
        title = " ".join(title.split())
        if cache:
            cache.keep_text(hash, f"{title}\n{text}")
    if not text.strip():
        raise SourceFailed("a PDF without text")
    first = next(line.strip() for line in text.splitlines() if line.strip())
    return Paper(id=file.stem, title=(title or first)[:300], abstract=_abstract(text), text=text)


def _abstract(text: str) -> str:
    """What follows the word, or the beginning."""
    match = _ABSTRACT.search(text[:6000])
    return " ".join(text[match.end() if match else 0 :].split())[:ABSTRACT_CHARS]


def _joined(known: Paper | None, new: Paper) -> Paper:
    """The first paper of an id holds; what it lacks of the text comes from the other."""
    if known is None:
        return new.model_copy(update={"source": new.source or "corpus"})
    return known.model_copy(update={"text": known.text or new.text, "abstract": known.abstract or new.abstract})
