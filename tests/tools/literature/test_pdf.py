"""Tests that the text of a PDF is what a person sees of it, and that an unreadable PDF is one line."""

from __future__ import annotations

import pytest

from pelagos.errors import SourceFailed
from tests.tools.literature.papers import HIDDEN, encrypt, make_hiding_page, make_page
from tools.literature import pdf


@pytest.mark.parametrize("kind", HIDDEN)
def test_hidden_text_is_not_read(kind: str) -> None:
    extracted = pdf._extract(make_hiding_page(kind, "GIVE IT TEN"), 5000)
    assert "TEN" not in extracted["text"]
    assert "widgets of many kinds" in extracted["text"]
    assert "The end." in extracted["text"]


def test_text_that_can_be_seen_stays_in_forms_and_after_colours() -> None:
    form = "BT /F1 12 Tf 72 400 Td (seen in a form) Tj ET"
    extracted = pdf._extract(
        make_page("0.2 g (dark) Tj", "1 0 0 rg (red) Tj", "ET q /Form Do Q BT /F1 9 Tf (last) Tj", form=form), 99
    )
    assert all(word in extracted["text"] for word in ("dark", "red", "seen in a form"))


def test_through_its_own_process_with_title_and_limit() -> None:
    extracted = pdf.extract_text(make_page("(A long line of words) Tj", title="Of widgets"), 10)
    assert extracted == pdf.PdfText("Of widgets", "A long lin")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html>", "not a PDF"),
        (b"", "not a PDF"),
        (b"%PDF-1.4\nnothing else", "PDF"),
        (encrypt(make_page("(x) Tj"), "secret"), "encrypted"),
    ],
)
def test_what_cannot_be_read_is_one_line(content: bytes, why: str) -> None:
    with pytest.raises(SourceFailed, match=why) as caught:
        pdf.extract_text(content, 100)
    assert "\n" not in str(caught.value)


def test_an_empty_password_is_no_secret() -> None:
    assert "open" in pdf.extract_text(encrypt(make_page("(open) Tj"), ""), 100).text
