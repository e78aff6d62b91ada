"""Functions are read from source; what can't be used is named with what to mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.functions.function import Function, PackFault
from tools.functions.reading import read_functions

SOUND = '''
def smooth(values: list[float], *, width: int = 3) -> list[float]:
    """Mean over neighbours.

    More words.
    """
    return values


def _helper(anything):
    return anything
'''
TOOL = '''
def difference(data, group: str):
    """Compare groups.

    Produces: statistics
    """


def draw_difference(data, table): ...
'''


def read(tmp_path: Path, text: str) -> list[Function | PackFault]:
    (tmp_path / "mine.py").write_text(text)
    return list(read_functions(tmp_path / "mine.py", "mine", "pelagos_tools.mine"))


def test_a_function_is_read_with_its_head_and_summary(tmp_path: Path) -> None:
    [smooth] = read(tmp_path, SOUND)
    assert isinstance(smooth, Function)
    assert smooth.signature == "smooth(values: list[float], *, width: int=3) -> list[float]"
    assert smooth.summary == "Mean over neighbours."
    assert smooth.import_line == "from pelagos_tools.mine import smooth"


def test_the_data_of_an_analysis_tool_needs_no_type_and_its_drawing_is_not_listed(tmp_path: Path) -> None:
    [tool] = read(tmp_path, TOOL)
    assert isinstance(tool, Function)
    [untyped] = read(tmp_path, TOOL.replace("Produces: statistics", "").partition("def draw")[0])
    assert "parameter has no type: data; write 'data: float'" in str(untyped)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "def f(x, y):\n    'Doc.'",
            "mine.f: mine.py:1: parameters have no type: x, y; write 'x: float' or what it is",
        ),
        ("def f(x: int, *, y):\n    'Doc.'", "parameter has no type: y"),
        ("def f(x: int):\n    return x", "has no docstring; say in its first line"),
        ("def sum(x: int):\n    'Doc.'", "hides Python's own 'sum'; give it another name"),
        ("def f(*x: int):\n    'Doc.'", "takes *args or **kwargs; name every parameter"),
        ("async def f(x: int):\n    'Doc.'", "is async; write a plain function"),
        ("def f(:", "mine: mine.py:1: "),
    ],
)
def test_what_cannot_be_used_is_said_with_the_mending(text: str, line: str, tmp_path: Path) -> None:
    [fault] = read(tmp_path, text)
    assert isinstance(fault, PackFault)
    assert line in str(fault)


def test_a_file_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_bytes(b"\xff\xfe\x00")
    [fault] = read_functions(tmp_path / "mine.py", "mine", "pelagos_tools.mine")
    assert "save it as UTF-8" in str(fault)
