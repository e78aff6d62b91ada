"""Whatever a model writes: an object that fits, or one line that says why not."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agents.models.call_faults import UnusableReply
from agents.models.protocol import Reply
from agents.models.structured import parse


class Box(BaseModel):
    text: str
    n: int


def reply(text: str, finish: str = "stop") -> Reply:
    return Reply(text=text, tokens_in=1, tokens_out=7, seconds=0.0, finish=finish)


@given(st.text(), st.integers(-(2**60), 2**60), st.sampled_from(["", "```json\n", "Here: ", "{oops} "]))
def test_any_object_is_found_again_in_prose(text: str, n: int, before: str) -> None:
    assert parse(reply(before + json.dumps({"text": text, "n": n}) + " done.\n```"), Box) == Box(text=text, n=n)


@given(st.text(alphabet=st.sampled_from('{}[]":,\\ntextx1'), max_size=200))
def test_nonsense_is_an_object_or_our_error(text: str) -> None:
    with contextlib.suppress(UnusableReply):
        assert isinstance(parse(reply(text), Box), Box)


def test_cut_reply_is_said() -> None:
    with pytest.raises(UnusableReply, match="cut at 7 tokens"):
        parse(reply('{"text": "a', finish="length"), Box)
