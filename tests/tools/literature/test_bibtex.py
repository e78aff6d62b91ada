"""Tests BibTeX as reference managers and people write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from pelagos.nouns import Paper
from tools.literature.bibtex import parse_bibtex
from tools.literature.corpus import load_corpus

OTHER = "@article{b, title = {Another}}\n"


@pytest.mark.parametrize(
    "field",
    [
        "month = January",
        'month = "Jan."',
        "month = 13",
        "month = jan",
        'month = jan # "~1"',
        "month = janvier # x",
        "journal = nips",
        "year = c2020",
        "month = {}",
    ],
)
def test_an_abbreviation_that_nobody_defined_loses_nothing(field: str) -> None:
    entries = list(parse_bibtex(f"@article{{a, title = {{One}}, {field}}}\n{OTHER}"))
    assert [entry.title for entry in entries if isinstance(entry, Paper)] == ["One", "Another"]


def test_a_string_defined_by_another_that_is_not() -> None:
    entries = list(
        parse_bibtex(f"@string{{where = somewhere}}\n@article{{a, title = {{One}}, journal = where}}\n{OTHER}")
    )
    assert [entry.title for entry in entries if isinstance(entry, Paper)] == ["One", "Another"]


def test_a_year_by_an_abbreviation_is_still_a_year() -> None:
    (paper,) = parse_bibtex("@article{a, title = {One}, year = c2020}")
    assert isinstance(paper, Paper)
    assert paper.year == 2020


def test_an_entry_that_its_parser_can_not_stand_is_left_out_alone() -> None:
    deep = f"@article{{deep, title = {'{' * 3000}x{'}' * 3000}}}\n"
    entries = list(parse_bibtex(f"@article{{a, title = {{One}}}}\n{deep}{OTHER}"))
    assert [entry.title for entry in entries if isinstance(entry, Paper)] == ["One", "Another"]
    assert [entry for entry in entries if not isinstance(entry, Paper)] == [(2, "entry deep can't be read")]


@pytest.mark.parametrize(("name", "content"), [("a.bib", b"@article{a, title={x}}"), ("a.pdf", b"%PDF-1.4")])
def test_a_missing_package_is_one_line(
    name: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("bibtex", "pdf"):
        monkeypatch.setattr(f"tools.literature.{module}.find_spec", lambda name: None)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=r"wants a package more: pip install 'pelagos\[literature\]'"):
        load_corpus(tmp_path)
