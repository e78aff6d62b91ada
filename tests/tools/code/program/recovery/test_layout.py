from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.code.program.recovery import layout

CODE = "import math\n\ndef f(a):\n    if a:\n        return -a\n    return math.pi\n"
LINES = CODE.splitlines()


def is_same(code: str) -> bool:
    return ast.dump(ast.parse(code)) == ast.dump(ast.parse(CODE))


def test_prompts_of_a_session_and_its_output_go() -> None:
    session = "\n".join(f"{'...' if line.startswith(' ') else '>>>'} {line}".rstrip() for line in LINES) + "\n3.14\n"
    assert is_same(layout.remove_prompts(session))


@pytest.mark.parametrize("form", ["{:2d} {}", "{}: {}", "{} | {}", "{}. {}"])
def test_line_numbers_go(form: str) -> None:
    assert is_same(layout.remove_line_numbers("\n".join(form.format(at, line) for at, line in enumerate(LINES, 7))))


def test_numbers_that_do_not_count_up_stay() -> None:
    code = "1 x\n3 y\n"
    assert layout.remove_line_numbers(code) == code


def test_a_diff_gives_its_new_side() -> None:
    diff = "--- a/m.py\n+++ b/m.py\n@@ -1,4 +1,5 @@\n-import os\n" + "".join(f"+{line}\n" for line in LINES[:3])
    assert is_same(layout.remove_diff_signs(diff + "".join(f" {line}\n" for line in LINES[3:])))


def test_code_without_signs_is_no_diff() -> None:
    assert layout.remove_diff_signs(CODE) == CODE


@given(st.integers(0, 12))
def test_a_shared_indentation_goes(columns: int) -> None:
    assert is_same(layout.remove_shared_indentation(textwrap.indent(CODE, " " * columns)))


def test_an_import_at_the_margin_above_indented_definitions() -> None:
    assert is_same(layout.remove_shared_indentation("import math\n" + textwrap.indent("\n".join(LINES[1:]), "    ")))


def test_tabs_beside_blanks() -> None:
    assert is_same(layout.remove_shared_indentation(CODE.replace("        return", "\treturn".replace("\t", "\t    "))))


@given(st.text(alphabet="+-> .\t1:|abc\n", max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    for rule in (
        layout.remove_prompts,
        layout.remove_line_numbers,
        layout.remove_diff_signs,
        layout.remove_shared_indentation,
    ):
        rule(text)
