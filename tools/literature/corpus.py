"""Loads a local corpus of papers: a JSONL file with a paper per line, or a folder of JSONL, BibTeX and PDF files.

A line has `id`, `title` and `abstract`, and may have `year`, `finding` (one sentence that a hypothesis can build on),
`url` and the other fields of a Paper. Records that can't be used are reported with file and line and left out; only a
corpus without any usable record is refused. A BibTeX entry without an abstract gets the text of the PDF of its name.
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
from pelagos.textfile import decode, read_bytes, read_text, reject_wide_encodings
from tools.literature import bibtex, pdf
from tools.literature.bm25 import bm25
from tools.literature.cache import Cache

ABSTRACT_CHARS = 1500
TEXT_CHARS = 40_000
SUFFIXES = (".jsonl", ".bib", ".pdf")
_ABSTRACT = re.compile(r"\babstract\b[\s.:-]*", re.IGNORECASE)
PaperOrFault = Iterator[Paper | tuple[int, str]]


@dataclass
class Corpus:
    """The papers, one per id, and one line per fault. A source like the live ones, but one that never fails."""

    papers: list[Paper] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    name: str = "corpus"
    dropped: int = 0

    def search(self, query: str, limit: int) -> list[Paper]:
        """The best papers by BM25, without papers that share no word with the query."""
        scores = bm25(query, self.papers)
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        return [self.papers[place] for place in order[:limit] if scores[place] > 0]

    def fetch(self, paper: Paper) -> Paper:
        return paper


def load_corpus(path: Path, cache: Cache | None = None, text_chars: int = TEXT_CHARS) -> Corpus:
    """The corpus at `path`. Raises BadInput if it does not exist or has no usable paper."""
    if not path.exists():
        raise BadInput(f"corpus: {path} doesn't exist: name a folder of JSONL, BibTeX or PDF files, or one such file")
    corpus = Corpus()
    papers: dict[str, Paper] = {}
    for file in _list_files(path):
        for entry in _read_file(file, cache, text_chars):
            if isinstance(entry, Paper):
                papers[entry.id] = _merge(papers.get(entry.id), entry)
            else:
                corpus.faults.append(f"{file}:{entry[0]}: {entry[1]}" if entry[0] else f"{file}: {entry[1]}")
    corpus.papers = list(papers.values())
    if not corpus.papers:
        kinds = "no papers in it: put JSONL, BibTeX or PDF files there, or take `survey.corpus` away"
        raise BadInput(*(corpus.faults or [f"corpus: {path}: {kinds}"]))
    return corpus


def _list_files(path: Path) -> list[Path]:
    """The files of a corpus: those that describe papers before PDF files."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file())
    return [file for suffix in SUFFIXES for file in files if file.suffix.lower() == suffix]


def _read_file(file: Path, cache: Cache | None, text_chars: int) -> PaperOrFault:
    try:
        if file.suffix.lower() == ".pdf":
            yield _read_pdf(file, cache, text_chars)
        elif file.suffix.lower() == ".bib":
            yield from bibtex.parse_bibtex(read_text(file))
        else:
            yield from _read_lines(file)
    except SourceFailed as error:
        yield 0, f"{error}; left out"
    except (BadInput, ValidationError) as error:
        yield 0, f"{_describe_error(error)}; left out"


def _read_lines(file: Path) -> PaperOrFault:
    content = read_bytes(file)
    reject_wide_encodings(content[:4])
    for number, raw in enumerate(content.removeprefix(BOM_UTF8).splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            yield _parse_paper(decode(raw))
        except (BadInput, ValidationError) as error:
            yield number, f"{_describe_error(error)}; left out"


def _parse_paper(line: str) -> Paper:
    """The paper of a JSONL line. A field that is null counts as missing."""
    try:
        return Paper.model_validate_json(line)
    except ValidationError as error:
        if all(fault["input"] is not None for fault in error.errors()):
            raise
    record = {name: value for name, value in json.loads(line).items() if value is not None}
    if isinstance(record.get("authors"), list):
        record["authors"] = [name for name in record["authors"] if name is not None]
    return Paper.model_validate(record)


def _describe_error(error: BadInput | ValidationError) -> str:
    if isinstance(error, BadInput):
        return str(error).removeprefix("line 1: ")
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}"


def _read_pdf(file: Path, cache: Cache | None, text_chars: int) -> Paper:
    content = read_bytes(file)
    hash = f"{hashlib.sha256(content).hexdigest()}-{text_chars}"
    cached = cache.find_text(hash) if cache else None
    title, _, text = cached.partition("\n") if cached else ("", "", "")
    if cached is None:
        title, text = pdf.extract_text(content, text_chars)
        title = " ".join(title.split())
        if cache:
            cache.store_text(hash, f"{title}\n{text}")
    if not text.strip():
        raise SourceFailed("a PDF without text")
    first = next(line.strip() for line in text.splitlines() if line.strip())
    return Paper(id=file.stem, title=(title or first)[:300], abstract=_extract_abstract(text), text=text)


def _extract_abstract(text: str) -> str:
    """The text after the word "abstract", or the beginning of the text."""
    match = _ABSTRACT.search(text[:6000])
    return " ".join(text[match.end() if match else 0 :].split())[:ABSTRACT_CHARS]


def _merge(first: Paper | None, new: Paper) -> Paper:
    """The first paper of an id, with missing text and abstract taken from the other."""
    if first is None:
        return new.model_copy(update={"source": new.source or "corpus"})
    return first.model_copy(update={"text": first.text or new.text, "abstract": first.abstract or new.abstract})
