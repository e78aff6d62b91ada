"""Bodies as proxies and vendors send them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.openai.wire.envelope import find_error, parse_body, refusal_text

WHOLE = {"choices": [{"message": {"content": "hi"}}]}


def pieces(*deltas: dict[str, Any]) -> str:
    lines = [f"data: {json.dumps({'choices': [{'delta': delta}]})}" for delta in deltas]
    return "\n\n".join([": keep alive", *lines, 'data: {"choices": [], "usage": {"prompt_tokens": 3}}', "data: [DONE]"])


@pytest.mark.parametrize(
    "text",
    [json.dumps(WHOLE), "\ufeff" + json.dumps(WHOLE), "\n\n  " + json.dumps(WHOLE), f"data: {json.dumps(WHOLE)}\n\n"],
)
def test_wrapping_is_let_pass(text: str) -> None:
    assert parse_body(text) == WHOLE


def test_pieces_of_a_stream_are_joined() -> None:
    body = parse_body(pieces({"role": "assistant"}, {"reasoning": "hm"}, {"content": "h"}, {"content": "i"}))
    assert body["choices"][0]["message"] == {"content": "hi", "reasoning_content": "hm"}
    assert body["usage"] == {"prompt_tokens": 3}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<!doctype html><title>Log in\n here</title>", "web page 'Log in here'"),
        ("<html>", "web page"),
        ("", "not JSON"),
        ('{"a', "not JSON"),
        ("data: {", "Expecting"),
        ("data: [DONE]", "without any data"),
    ],
)
def test_what_is_no_answer_says_what_it_is(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_body(text)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": {"message": "Insufficient credits", "code": 402}}, (402, "Insufficient credits")),
        ({"error": "model 'x' not found"}, (0, "model 'x' not found")),
        ({"object": "error", "message": "too long", "code": 400}, (400, "too long")),
        ({"choices": [{"error": {"message": "overloaded", "code": 502}}]}, (502, "overloaded")),
        ({"detail": "Not authenticated"}, (0, "Not authenticated")),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "no GPU"}}},
            (0, "Provider returned error: no GPU"),
        ),
        ({"detail": [{"loc": ["body"], "msg": "bad"}]}, (0, '[{"loc": ["body"], "msg": "bad"}]')),
        (WHOLE, None),
        (WHOLE | {"error": None}, None),
        ({"hello": 1}, None),
        ([1], None),
        (7, None),
    ],
)
def test_errors_inside_a_body(body: Any, told: tuple[int, str] | None) -> None:
    assert find_error(body) == told


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["error", "message", "choices", "code", "detail", "metadata", "delta"]), x
            )
        ),
        max_leaves=12,
    )
)
def test_no_body_breaks_the_reader(body: Any) -> None:
    error = find_error(body)
    assert error is None or "\n" not in error[1]
    assert isinstance(refusal_text(json.dumps(body)), str)
