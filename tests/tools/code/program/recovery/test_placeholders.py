from __future__ import annotations

import ast

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.errors import EditRefused
from tools.code.program.recovery.placeholders import fill_placeholders

BODY = ["a = 1", "b = 2", "for i in b:\n        a += i", "c = a", "return c"]
MARK = "..."


def function(body: list[str]) -> cst.FunctionDef:
    code = "def f(b):\n" + "".join(f"    {line}\n" for line in body)
    return cst.ensure_type(cst.parse_module(code).body[0], cst.FunctionDef)


def text(piece: cst.CSTNode) -> str:
    assert isinstance(piece, cst.FunctionDef | cst.ClassDef)
    return ast.unparse(ast.parse(cst.Module([piece]).code))


OLD = function(BODY)


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_gap_between_statements_that_stand_is_filled(first: int, last: int) -> None:
    if first < last and (first, last) != (0, 5):
        assert text(fill_placeholders(function([*BODY[:first], MARK, *BODY[last:]]), OLD)) == text(OLD)


def test_what_is_new_stays_where_it_stands() -> None:
    new = fill_placeholders(function(["z = 0", *BODY[:2], MARK, "c = a", "return c + z"]), OLD)
    assert text(new) == text(function(["z = 0", *BODY[:4], "return c + z"]))


@pytest.mark.parametrize(
    "body",
    [
        ["a = 9", MARK, "return c"],
        [*BODY[:2], MARK, "return d"],
        [MARK, "c = a", MARK],
        ["c = a", MARK, "b = 2"],
        ["if b:\n        pass", MARK],
    ],
)
def test_a_gap_in_doubt_is_refused(body: list[str]) -> None:
    with pytest.raises(EditRefused) as refused:
        fill_placeholders(function(body), OLD)
    assert refused.value.cause == "syntax"


def test_a_statement_that_stands_twice_is_no_sign() -> None:
    old = function(["a = 1", "b = 2", "a = 1", "return a"])
    with pytest.raises(EditRefused):
        fill_placeholders(function(["a = 1", MARK, "return a"]), old)


def test_methods_of_a_class_are_filled() -> None:
    old = cst.ensure_type(
        cst.parse_module("class A:\n    def f(self):\n        a = 1\n        b = 2\n        return a + b\n").body[0],
        cst.ClassDef,
    )
    new = cst.ensure_type(
        cst.parse_module("class A:\n    def f(self):\n        a = 1\n        ...\n        return a + b\n").body[0],
        cst.ClassDef,
    )
    assert text(fill_placeholders(new, old)) == text(old)
