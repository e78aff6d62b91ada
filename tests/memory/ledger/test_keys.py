"""Keys are equal exactly where their parts are equal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.ledger.keys import canonical, parse_payload, step_key

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(json_values)
def test_key_is_32_hex_and_order_of_parts_does_not_matter(value: object) -> None:
    key = step_key(role="coder", sample=value)
    assert len(key) == 32
    assert int(key, 16) >= 0
    assert key == step_key(sample=value, role="coder")


def test_each_part_counts() -> None:
    base = {"role": "coder", "sample": 0, "seed": 1}
    keys = {step_key(**base), step_key(**base | {"sample": 1}), step_key(**base | {"seed": 2}), step_key(role="coder")}
    assert len(keys) == 4


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), {1, 2}, b"bytes"])
def test_what_is_not_json_is_refused(bad: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        step_key(value=bad)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("\ud800x", "\ufffdx"), ("caf\udce9", "caf\ufffd"), ("\ud83d\ude00", "\U0001f600"), ("\\ud800", "\\ud800")],
)
def test_halves_of_characters_are_replaced_in_what_is_written_and_in_what_was(text: str, kept: str) -> None:
    for value in (text, {text: [text]}, [[text]]):
        wanted = json.loads(json.dumps(value).replace(json.dumps(text)[1:-1], json.dumps(kept)[1:-1]))
        assert parse_payload(canonical(value)) == wanted
        assert parse_payload(json.dumps(value)) == wanted
        assert step_key(value=value) == step_key(value=wanted)
