from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.errors import EditRefused
from tools.code.program.edits import apply
from tools.code.program.program import Program
from tools.code.program.recovery.tolerant_parsing import MAX_LINES, parse_tolerantly

PROGRAM = Program(
    {"m.py": "RATE = 1\n\n\ndef f(x):\n    return x\n\n\ndef g(x):\n    return f(x)\n\n\ndef main():\n    g(RATE)\n"},
    ("m.py",),
)
CODE = '''\
def twice(x):
    """Twice — as it says."""
    return 2 * x


def f(x):
    if x - 1 > 0:
        return twice(x)
    return x + RATE
'''


def _numbered(code: str) -> str:
    return "".join(f"{at}: {line}\n" for at, line in enumerate(code.splitlines(), 1))


def _session(code: str) -> str:
    return "".join(f"{'...' if line[:1] in (' ', '') else '>>>'} {line}\n" for line in code.splitlines())


def _diff(code: str) -> str:
    return "@@ -1,2 +1,9 @@\n-def f(x):\n-    return x\n" + "".join(f"+{line}\n" for line in code.splitlines())


DISGUISES: list[Callable[[str], str]] = [
    lambda code: textwrap.indent(code, "    "),
    lambda code: textwrap.indent(code, "\t"),
    lambda code: code.replace("    ", "\u00a0\u00a0\u00a0\u00a0"),
    lambda code: code.replace("x - 1", "x \u2212 1"),
    lambda code: f"This is what I'd do:\n{code}",
    lambda code: f"{code}\nIt isn't hard.\n",
    lambda code: f"{code}\ndef main():\n    g(",
    lambda code: f"{code}    y = [\n",
    _numbered,
    _session,
    _diff,
]


def apply_reply(code: str) -> Program:
    return apply(PROGRAM, f"```python\n{code}\n```", "m.py::f", only=("m.py::f",))


def is_recovered(program: Program) -> bool:
    """Whether f and its helper are as written, except the helper's docstring, and nothing else changed."""
    originals = {node.name: node for node in ast.parse(CODE).body if isinstance(node, ast.FunctionDef)}
    got = {address.partition("::")[2]: node for address, node in program.definitions.items()}
    is_unchanged = all(program.source(f"m.py::{name}") == PROGRAM.source(f"m.py::{name}") for name in ("g", "main"))
    return is_unchanged and ast.dump(got["f"]) == ast.dump(originals["f"]) and set(got) == {"f", "g", "main", "twice"}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_each_disguise_is_seen_through(disguise: Callable[[str], str]) -> None:
    assert is_recovered(apply_reply(disguise(CODE)))


@given(st.lists(st.sampled_from(DISGUISES), max_size=3))
def test_several_disguises_are_seen_through_or_refused(worn: list[Callable[[str], str]]) -> None:
    code = CODE
    for disguise in worn:
        code = disguise(code)
    try:
        program = apply_reply(code)
    except EditRefused:
        return
    assert is_recovered(program)


def test_a_refusal_is_about_the_code_as_it_was_written() -> None:
    with pytest.raises(EditRefused) as refused:
        parse_tolerantly("    def f(x):\n        return (\n")
    assert str(refused.value).startswith("line 1: unexpected indent")


def test_a_long_text_is_not_tried() -> None:
    with pytest.raises(EditRefused):
        parse_tolerantly("It's text.\n" * (MAX_LINES + 1) + CODE)
    assert "def f" in parse_tolerantly("It's text.\n" * 100 + CODE).code
