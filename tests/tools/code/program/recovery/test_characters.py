from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.code.program.recovery.characters import LOOK_ALIKES, replace_look_alikes

CODE = 'def f(a, b):\n    """A — dash."""\n    if a <= b:\n        return "x" * (a - b)\n    return a / b\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    if", "\u00a0\u00a0\u00a0 if"),
        ('"x"', "“x”"),
        ("(a - b)", "(a – b)"),
        ("a <= b", "a ≤ b"),
        ("def f", "\ufeffdef f"),
        ("a / b", "a ÷ b"),
        ('"x" *', "‘x’ ×"),
    ],
)
def test_look_alikes_become_what_they_look_like(old: str, new: str) -> None:
    mended = replace_look_alikes(CODE.replace(old, new))
    assert ast.dump(ast.parse(mended)) == ast.dump(ast.parse(CODE))


@given(st.text(alphabet=[*map(chr, LOOK_ALIKES), "a", " "], max_size=20).filter(lambda text: text.isprintable()))
def test_a_string_that_parses_keeps_its_characters(text: str) -> None:
    code = f"x = 1\ny = {text!r}\n"
    assert replace_look_alikes(code) == code


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    replace_look_alikes(text)
