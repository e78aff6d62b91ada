from __future__ import annotations

import ast
import math

import pytest

from tests.tools.analysis.report.records import HOSTILE
from tools.analysis.report.script.literals import write_comment, write_literal


@pytest.mark.parametrize("value", [HOSTILE, "", "\ud800", "\u2028", True, None, -3, 1e-300, ["a", HOSTILE, [1.5]], []])
def test_a_literal_is_read_back_as_the_same_value(value: object) -> None:
    assert ast.literal_eval(write_literal(value)) == value


def test_numbers_that_are_none_are_literals_too() -> None:
    assert math.isnan(eval(write_literal(float("nan"))))
    assert eval(write_literal(float("-inf"))) == -math.inf


def test_anything_else_is_refused() -> None:
    for value in ({"a": 1}, object(), [{}]):
        with pytest.raises(TypeError, match="literal"):
            write_literal(value)


@pytest.mark.parametrize("text", [HOSTILE, "a\rimport os", "a\x0cimport os", "a\u2028import os", "a\x85b", "x" * 9_999])
def test_a_comment_is_one_line(text: str) -> None:
    source = write_comment(text)
    assert ast.parse(source).body == []
    assert len(source.splitlines()) == 1
