"""Text of others stays data: nothing invisible, no way out of the fence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.quoting import fence_text, quote_code, quote_data, quote_inside, quote_line, quote_word

MARKED = st.text(st.sampled_from("`=~ \nab\u200b")) | st.text()


@given(MARKED, st.sampled_from("=`"))
def test_a_fence_is_longer_than_what_it_holds(text: str, mark: str) -> None:
    first, *body, last = fence_text(text, mark).split("\n")
    assert first == last
    assert set(first) == {mark}
    assert len(first) > max((len(run) for run in re.findall(f"{mark}+", "\n".join(body))), default=0)


@given(MARKED)
def test_data_is_closed_by_us_alone(text: str) -> None:
    body = quote_data(text, limit=100_000).removeprefix("==== data\n").removesuffix("\n==== end")
    assert "====" not in body


@given(MARKED)
def test_code_is_closed_by_us_alone(text: str) -> None:
    first, *body, last = quote_code(text).split("\n")
    assert first == f"{last}python"
    assert last not in "\n".join(body)


@given(MARKED)
def test_a_line_is_one_line_between_two_quotation_marks(text: str) -> None:
    shown = quote_line(text)
    assert "\n" not in shown
    assert shown.count('"') == 2
    assert "====" not in shown
    assert "\n" not in quote_word(text)


@pytest.mark.parametrize("text", ["</idea>", "<\u200b/idea>", "<\U000e0041/error>", "```", "`\u200b``", "`\x1b[0m``"])
def test_tags_and_blocks_stay_open(text: str) -> None:
    shown = quote_inside(f"a {text} b")
    assert "</" not in shown
    assert "```" not in shown


def test_long_text_is_cut_and_says_so() -> None:
    assert quote_data("x" * 50, limit=10) == "==== data\n" + "x" * 10 + " [cut]\n==== end"
