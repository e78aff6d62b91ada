"""Tests the local corpus: broken records are reported by line and left out, the rest is used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pelagos.errors import BadInput
from pelagos.nouns import Paper
from tests.tools.literature.papers import make_page
from tools.literature.cache import Cache
from tools.literature.corpus import load_corpus

BIB = """@comment{not an entry}
@article{good2020, title = {A {Good} Paper}, author = {Ann Lee and Bo Wu}, year = 2020, doi = {10.1/x},
  abstract = {It is good.}}

@article{untitled, year = 2021}

@article{broken, title = {Never closed,
  year = 2022
"""


def paper(id: str, abstract: str) -> Paper:
    return Paper(id=id, title=f"On {id}", abstract=abstract)


def test_a_folder_is_read_whole_and_an_id_once(tmp_path: Path) -> None:
    for name, ids in (("a.jsonl", "xy"), ("b.jsonl", "yz")):
        (tmp_path / name).write_text("\n".join(json.dumps(paper(id, name).model_dump()) for id in ids))
    corpus = load_corpus(tmp_path)
    assert [(paper.id, paper.abstract) for paper in corpus.papers] == [
        ("x", "a.jsonl"),
        ("y", "a.jsonl"),
        ("z", "b.jsonl"),
    ]
    assert corpus.faults == []


def test_a_corpus_that_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="doesn't exist"):
        load_corpus(tmp_path / "none")
    with pytest.raises(BadInput, match="no papers in it"):
        load_corpus(tmp_path)


def test_a_broken_line_is_named_and_the_rest_is_used(tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_bytes(b'{"id": "a", "title": "t", "abstract": "x"}\n{"id": "b"}\n\nno json\n\xff\xfe{}\n')
    corpus = load_corpus(file)
    assert [paper.id for paper in corpus.papers] == ["a"]
    assert [fault.partition(": ")[0] for fault in corpus.faults] == [f"{file}:{line}" for line in (2, 4, 5)]


def test_a_corpus_with_nothing_usable_is_refused_with_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_text('{"id": "b"}\n')
    with pytest.raises(BadInput, match=r"papers\.jsonl:1"):
        load_corpus(file)


def test_bibtex_entries_and_their_faults_by_line(tmp_path: Path) -> None:
    (tmp_path / "refs.bib").write_text(BIB)
    corpus = load_corpus(tmp_path)
    assert [(paper.id, paper.title, paper.year, paper.authors, paper.ids) for paper in corpus.papers] == [
        ("good2020", "A Good Paper", 2020, ["Ann Lee", "Bo Wu"], {"doi": "10.1/x"})
    ]
    assert any("refs.bib:5: entry untitled has no title" in fault for fault in corpus.faults)
    assert any("refs.bib:7: entry broken can't be read" in fault for fault in corpus.faults)


def test_a_pdf_gives_its_text_and_joins_the_entry_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "refs.bib").write_text("@article{lee, title = {Widgets}, year = 2020}")
    (tmp_path / "lee.pdf").write_bytes(make_page("(Widgets of all kinds) Tj", "(Abstract. We count widgets.) Tj"))
    (tmp_path / "other.pdf").write_bytes(make_page("(Of gadgets) Tj"))
    (tmp_path / "bad.pdf").write_bytes(b"not one")
    cache = Cache(tmp_path / "cache")
    corpus = load_corpus(tmp_path, cache)
    assert [(paper.id, paper.title) for paper in corpus.papers] == [("lee", "Widgets"), ("other", "Of gadgets")]
    assert corpus.papers[0].abstract == "We count widgets."
    assert "all kinds" in corpus.papers[0].text
    assert corpus.faults == [f"{tmp_path / 'bad.pdf'}: not a PDF; left out"]
    assert load_corpus(tmp_path, cache).papers == corpus.papers


def test_a_search_finds_by_words_and_nothing_without_them(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(paper(id, f"about {id}").model_dump_json() for id in ("cats", "dogs")))
    corpus = load_corpus(tmp_path)
    assert [paper.id for paper in corpus.search("dogs", 5)] == ["dogs"]
    assert corpus.search("zebra", 5) == []


def test_a_byte_order_mark_loses_no_first_paper(tmp_path: Path) -> None:
    line = json.dumps(paper("first", "x").model_dump())
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + line.encode() + b"\r\n")
    (tmp_path / "b.bib").write_bytes(b"\xef\xbb\xbf@article{second, title = {B}, abstract = {x}}\r\n")
    corpus = load_corpus(tmp_path)
    assert [paper.id for paper in corpus.papers] == ["first", "second"]
    assert corpus.faults == []


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("a.jsonl", '{"id": "é"}\n'.encode("latin-1"), "a.jsonl:1: not UTF-8 text (byte 0xe9, 'é' in Latin-1)"),
        ("a.jsonl", '{"id": "a"}\n'.encode("utf-16"), "a.jsonl: UTF-16 or UTF-32 text; save it as UTF-8; left out"),
        ("a.bib", "@article{a,\n title={é}}".encode("latin-1"), "a.bib: line 2: not UTF-8 text (byte 0xe9"),
        (
            "a.bib",
            "@article{a, title={e}}".encode("utf-16"),
            "a.bib: UTF-16 or UTF-32 text; save it as UTF-8; left out",
        ),
    ],
)
def test_another_encoding_is_named(name: str, raw: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "ok.jsonl").write_text(json.dumps(paper("ok", "x").model_dump()))
    (tmp_path / name).write_bytes(raw)
    (fault,) = load_corpus(tmp_path).faults
    assert expected in fault


def test_null_is_a_field_that_is_not_there(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "title": "t", "abstract": "x", "authors": None, "year": None, "finding": None, "ids": None},
        {"id": "b", "title": "t", "abstract": "x", "authors": ["A", None]},
        {"id": "c", "title": None, "abstract": "x", "authors": None},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    corpus = load_corpus(tmp_path)
    assert [(paper.id, paper.authors) for paper in corpus.papers] == [("a", []), ("b", ["A"])]
    assert len(corpus.faults) == 1
    assert "a.jsonl:3: title: Field required; left out" in corpus.faults[0]


def test_a_pdf_whose_title_is_half_a_character_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"title": "Good \ud800 title", "text": "Abstract: all \udfff is well"})
    monkeypatch.setattr("subprocess.run", lambda *a, **k: type("Done", (), {"stdout": answer.encode()}))
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    (paper,) = load_corpus(tmp_path).papers
    assert paper.title == "Good \ufffd title"


def test_a_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "A.BIB").write_text("@article{a, title = {A}}")
    (tmp_path / "B.JSONL").write_text(json.dumps(paper("b", "x").model_dump()))
    assert [paper.id for paper in load_corpus(tmp_path).papers] == ["b", "a"]
