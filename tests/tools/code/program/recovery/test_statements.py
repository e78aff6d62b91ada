from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.code.program.recovery.statements import keep_whole_statements

HELPER = "@cache\ndef helper(a):\n    return a * 2\n"
TARGET = "def f(a):\n    b = helper(a)\n    if b:\n        return 1\n    return b\n"
WHOLE = HELPER + "\n" + TARGET


def names(code: str) -> list[str]:
    return [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]


def test_sentences_between_definitions_are_left_out() -> None:
    text = f"Here is the helper:\n\n{HELPER}\nAnd this is the function you want:\n{TARGET}\nIt's good!\n"
    assert ast.dump(ast.parse(keep_whole_statements(text, {"f"}))) == ast.dump(ast.parse(WHOLE))


def test_a_decorator_stays_with_its_definition() -> None:
    assert "@cache\ndef helper" in keep_whole_statements(f"It's this:\n{WHOLE}", {"f"})


def test_what_was_cut_off_behind_the_target_is_left_out() -> None:
    assert names(keep_whole_statements(f"{WHOLE}\ndef main():\n    print(f(", {"f"})) == ["helper", "f"]


def test_a_target_that_was_cut_off_is_not_taken() -> None:
    assert keep_whole_statements(HELPER + "\n" + TARGET[: TARGET.rindex("    return b")] + "    return (b", {"f"}) == ""


def test_a_cut_behind_the_last_return_costs_nothing() -> None:
    assert names(keep_whole_statements(f"{WHOLE}    x = (", {"f"})) == ["helper", "f"]


def test_nothing_is_taken_whose_helper_was_cut_off() -> None:
    assert keep_whole_statements(f"{TARGET}\ndef helper(a):\n    if a:\n        return (", {"f"}) == ""


@pytest.mark.parametrize(
    "code",
    [
        "def f(a):\n    b = 1\nfor c in a:\n    b += c\nreturn b\n",
        "def f(a):\n    print(a)\nwith a:\n    return 1\n",
        "def f(a):\n    try:\n        print(a)\n    except OSError:\n        pass\nelse:\n    print(1)\n",
    ],
)
def test_a_body_that_slipped_to_the_margin_is_not_left_out(code: str) -> None:
    assert keep_whole_statements(code, {"f"}) == ""


def test_an_entry_point_that_was_cut_off_is_left_out() -> None:
    assert names(keep_whole_statements(f'{WHOLE}\nif __name__ == "__main__":\n    print(f(', {"f"})) == ["helper", "f"]


def test_the_complete_one_of_two_definitions_is_taken() -> None:
    assert names(keep_whole_statements(f"{WHOLE}\nOr, better:\n{TARGET[:30]}(", {"f"})) == ["helper", "f"]


def test_code_in_a_string_is_no_definition() -> None:
    assert names(keep_whole_statements(f'It\'s this:\nTEXT = """\n{TARGET}"""\n{HELPER}')) == ["helper"]


@given(st.integers(1, len(WHOLE)).filter(lambda end: WHOLE[end - 1] != "\n"))
def test_no_cut_makes_half_a_function_whole(end: int) -> None:
    whole = {node.name: ast.dump(node) for node in ast.parse(WHOLE).body if isinstance(node, ast.FunctionDef)}
    for node in ast.parse(keep_whole_statements(WHOLE[:end] + "(", {"f"})).body:
        if isinstance(node, ast.FunctionDef):
            assert ast.dump(node) == whole[node.name]


@pytest.mark.parametrize("text", ["", "\n", "def", "@", "(((", '"""', "def f(:\n  x\n"])
def test_what_holds_no_statement_gives_none(text: str) -> None:
    assert names(keep_whole_statements(text)) == []


@given(st.text(alphabet="def (:)x=\n @\"'#return", max_size=120))
def test_what_is_kept_parses(text: str) -> None:
    ast.parse(keep_whole_statements(text))
