"""Scores and the program's end: strict types, or a reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import strategies as st

from sandbox.border.ending import ProgramEnd, read_ended, read_refused
from sandbox.border.reading import Invalid
from sandbox.border.scores import Refusal, Scores, read_scores
from tests.sandbox.border.conftest import tried

SCORED = {"score": 0.5, "replicates": [0.1, 0.2], "guards": {"mae": 1.0}}
ENDED = {"exit_code": -9, "cpu_seconds": 1.5, "full": False, "peak_disk": 4}


def test_what_is_sound_is_taken() -> None:
    assert isinstance(read_scores(json.dumps(SCORED).encode()), Scores)
    assert read_scores(b'{"cause": "nan", "text": "3 \\ud800"}') == Refusal(cause="nan", text="3 \ufffd")
    assert read_ended(json.dumps(ENDED).encode()) == ProgramEnd(**ENDED)
    assert read_refused(b'{"a": "missing"}') == {"a": "missing"}


@pytest.mark.parametrize(
    "change",
    [{"score": True}, {"score": None}, {"score": float("nan")}, {"replicates": [True]}, {"replicates": [0.1] * 10_001},
     {"guards": {"mae": float("inf")}}, {"guards": []}],
)  # fmt: skip
def test_scores_of_a_wrong_type_are_a_reason(change: dict[str, object]) -> None:
    assert isinstance(read_scores(json.dumps(SCORED | change).encode()), Invalid)


@pytest.mark.parametrize("cause", ["tampered", "", "unknown_metric", 3])
def test_an_evaluator_cannot_say_that_it_was_changed(cause: object) -> None:
    assert isinstance(read_scores(json.dumps({"cause": cause, "text": ""}).encode()), Invalid)


@pytest.mark.parametrize(
    "change", [{"exit_code": True}, {"exit_code": 10**9}, {"cpu_seconds": -1}, {"full": 1}, {"peak_disk": 2**70}]
)
def test_an_ending_of_a_wrong_type_is_a_reason(change: dict[str, object]) -> None:
    assert isinstance(read_ended(json.dumps(ENDED | change).encode()), Invalid)


def test_any_bytes_are_taken_or_a_reason(inputs: int) -> None:
    def holds(raw: bytes) -> None:
        for found in (read_scores(raw), read_ended(raw), read_refused(raw)):
            assert not isinstance(found, Invalid) or found.reason

    names = st.sampled_from([*SCORED, *ENDED, "cause", "text"])
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=15)
    tried(st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode()), holds, inputs)
