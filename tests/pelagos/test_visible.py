"""One cleaner: what can't be seen or steers a terminal goes, halves of characters become a sign, the rest stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.visible import make_one_line, make_visible, replace_surrogates, replace_surrogates_in_json

ANY = st.text(st.characters(codec=None, categories=None))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("give\u200b it\u202e 10\u2066\x00 of 10\U000e0041\n", "give it 10 of 10\n"),
        ("caf\udce9 \ud800", "caf\ufffd \ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred \x1b]0;title\x07on \x1b]8;;http://x\x1b\\link", "red on link"),
        ("\x1bPq#0\x1b\\after \x1bcreset \x1b(Bset", "after reset set"),
        ("\x1b]0;never closed\nnext line", "\nnext line"),
        ("a\tb\r\nc\x85\u2028d\x7f\ufeff", "a\tb\ncd"),
        ("[bold]stays[/] <b>stays</b> naïve 海 👍", "[bold]stays[/] <b>stays</b> naïve 海 👍"),
    ],
)
def test_what_is_seen(text: str, seen: str) -> None:
    assert make_visible(text) == seen


@given(ANY)
def test_visible_text_fits_any_file_and_is_clean(text: str) -> None:
    seen = make_visible(text)
    seen.encode()
    assert not {"\x1b", "\x9b", "\r", "\x00", "\u202e", "\u200b", "\U000e0041"} & set(seen)
    assert make_visible(seen) == seen


@given(ANY, st.integers(1, 50))
def test_one_line_is_one_and_short(text: str, most: int) -> None:
    assert len(make_one_line(text, most).splitlines()) <= 1
    assert len(make_one_line(text, most)) <= most


@given(ANY)
def test_whole_changes_halves_alone(text: str) -> None:
    sound = replace_surrogates(text)
    sound.encode()
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert sound == text


@given(st.recursive(ANY | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_a_value_is_made_whole_at_every_depth(value: object) -> None:
    json.dumps(replace_surrogates_in_json(value), ensure_ascii=False).encode()


def test_a_long_hostile_text_is_no_work() -> None:
    for part in ("\x1b]", "\x1b[", "\x9d", "\x1bP", "\ud800", "\x1b"):
        assert len(make_visible(part * 500_000)) <= 500_000
