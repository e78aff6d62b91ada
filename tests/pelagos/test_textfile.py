"""Text files as editors, spreadsheets and other systems write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from pelagos.settings_sources import load
from pelagos.textfile import decode, read_text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xef\xbb\xbfa\n", "a\n"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        ("ü海\n".encode(), "ü海\n"),
        (b"", ""),
    ],
)
def test_what_is_read(raw: bytes, text: str) -> None:
    assert decode(raw) == text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a\nprix à\n".encode("latin-1"), "line 2: not UTF-8 text (byte 0xe0, 'à' in Latin-1); save it as UTF-8"),
        ("“a”".encode("cp1252"), "line 1: not UTF-8 text (byte 0x93); save it as UTF-8"),
        ("a\n".encode("utf-16"), "UTF-16 or UTF-32 text; save it as UTF-8"),
        ("a\n".encode("utf-32"), "UTF-16 or UTF-32 text; save it as UTF-8"),
        ("a\n".encode("utf-16-le"), "not text (byte 1 is zero)"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not text (byte 8 is zero)"),
    ],
)
def test_what_is_not_says_where_and_what_it_may_be(raw: bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode(raw)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_opened_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be read: Is a directory"):
        read_text(tmp_path)


def test_settings_saved_by_a_windows_editor(tmp_path: Path) -> None:
    (tmp_path / "pelagos.toml").write_bytes(b"\xef\xbb\xbf[loop]\r\ntries = 2\r\n")
    assert load(tmp_path).loop.tries == 2


@pytest.mark.parametrize("raw", ["# à\n".encode("latin-1"), "[loop]\n".encode("utf-16")])
def test_settings_in_another_encoding_are_one_line(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "pelagos.toml").write_bytes(raw)
    with pytest.raises(BadInput, match=r"pelagos\.toml: .*save it as UTF-8") as caught:
        load(tmp_path)
    assert len(caught.value.faults) == 1
