"""Parses papers from BibTeX text by bibtexparser; entries that can't be used are reported with their line."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from importlib.util import find_spec

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper

_ENTRY = re.compile(r"^\s*@(?!comment|string|preamble)\w+\s*[{(]\s*([^,\s]*)", re.IGNORECASE | re.MULTILINE)
_YEAR = re.compile(r"\d{4}")
_BRACES = re.compile(r"[{}]")


def parse_bibtex(text: str) -> Iterator[Paper | tuple[int, str]]:
    """For each entry, its paper, or (line, fault). Raises SourceFailed if bibtexparser is not installed."""
    entries = _read_entries(text)
    for match in _ENTRY.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        entry = entries.get(match[1])
        if entry is None:
            yield line, f"entry {match[1] or 'without a key'} can't be read"
        elif not entry.get("title"):
            yield line, f"entry {match[1]} has no title"
        else:
            yield _to_paper(match[1], entry)


def _read_entries(text: str) -> dict[str, dict[str, str]]:
    """Key -> entry for the entries that can be parsed. If the text as a whole fails, each entry is parsed alone."""
    if find_spec("bibtexparser") is None:
        raise SourceFailed("BibTeX wants a package more: pip install 'pelagos[literature]'")
    try:
        return _parse_entries(text)
    except Exception:  # border: a foreign parser
        starts = [match.start() for match in _ENTRY.finditer(text)]
        parts = [text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
        return {key: entry for part in parts for key, entry in _parse_single(part).items()}


def _parse_single(part: str) -> dict[str, dict[str, str]]:
    try:
        return _parse_entries(part)
    except Exception:  # border: as above; `parse_bibtex` reports the entry
        return {}


def _parse_entries(text: str) -> dict[str, dict[str, str]]:
    import bibtexparser
    from bibtexparser.bibdatabase import BibDatabase, UndefinedString
    from bibtexparser.bparser import BibTexParser

    class Strings(BibDatabase):  # type: ignore[misc]
        def expand_string(self, name: str) -> str:
            """An undefined abbreviation stands for itself, as in `month = January`."""
            try:
                return str(super().expand_string(name))
            except UndefinedString:
                return name

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    parser = BibTexParser(common_strings=False, ignore_nonstandard_types=False)
    parser.bib_database = Strings()
    parser.bib_database.load_common_strings()
    database = bibtexparser.loads(text, parser=parser)
    return {str(entry["ID"]): entry for entry in database.entries}


def _to_paper(key: str, entry: dict[str, str]) -> Paper:
    plain = {name: " ".join(_BRACES.sub("", str(value)).split()) for name, value in entry.items()}
    year = _YEAR.search(plain.get("year", plain.get("date", "")))
    arxiv = plain.get("eprint", "") if plain.get("archiveprefix", "arxiv").lower() == "arxiv" else ""
    ids = {"doi": plain.get("doi", ""), "arxiv": arxiv}
    return Paper(
        id=key,
        title=plain["title"],
        abstract=plain.get("abstract", ""),
        year=int(year[0]) if year else None,
        url=plain.get("url", ""),
        authors=[name for name in plain.get("author", "").split(" and ") if name],
        ids={kind: id for kind, id in ids.items() if id},
    )
