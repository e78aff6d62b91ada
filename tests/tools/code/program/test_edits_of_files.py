"""Edits of programs of several files: search and replace, imports beside a change, whole files, top-level code."""

from __future__ import annotations

import pytest

from pelagos.errors import EditRefused
from tests.tools.code.program.test_edits import MODEL, PROGRAM, edit, fence
from tools.code.program.edits import apply, apply_file
from tools.code.program.program import Program

TWO = Program(
    {"a.py": "import os\n\nN = 1\n\n\ndef f():\n    return N\n", "b.py": "def g():\n    return 2\n"}, ("a.py", "b.py")
)


def pair(search: str, replace: str, path: str = "") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


def test_search_and_replace_changes_these_lines_alone() -> None:
    for blanks in ("", "   "):
        reply = pair(f"    return ((a - b) ** 2).mean(){blanks}\n", "    return (a - b).abs().mean()\n", "model.py")
        assert edit(reply) == MODEL.replace("((a - b) ** 2).mean()", "(a - b).abs().mean()")
    several = pair(
        'def loss(a, b): \n    """Squared."""\n', 'def loss(a, b):\n    """S."""\n    b = 2 * b\n', "model.py"
    )
    assert edit(several) == MODEL.replace('    """Squared."""\n', '    """S."""\n    b = 2 * b\n')
    removed = pair("    return N\n", "    return 3\n", "a.py") + pair("    return 2\n", "    return 4\n", "b.py")
    new = apply(TWO, removed, "a.py::f")
    assert new.files == {"a.py": TWO.files["a.py"].replace("return N", "return 3"), "b.py": "def g():\n    return 4\n"}


@pytest.mark.parametrize(
    ("reply", "cause", "said"),
    [
        (pair("    return N\n", "    return (\n", "a.py"), "syntax", "never closed"),
        (pair("    return N\n", "    return 3\n", "c/b.py") + pair("x\n", "y\n"), "unknown_address", "occur nowhere"),
        (pair("n\n", "y\n", "a.py") + pair("", "x\n"), "unknown_address", "the lines to replace occur nowhere; to 'n' the nearest is"),
        (pair("\n", "x\n", "a.py"), "unknown_address", "a.py: the lines to replace occur more than once; to ''"),
        (pair("    return N\n", "    return 3\n", "nn.py"), "unknown_address", "there is no file 'nn.py'; the nearest is "),
    ],
)  # fmt: skip
def test_search_and_replace_is_refused_with_its_reason(reply: str, cause: str, said: str) -> None:
    with pytest.raises(EditRefused) as refused:
        apply(TWO, reply, "a.py::f")
    assert (refused.value.cause, said in str(refused.value)) == (cause, True), str(refused.value)


def test_lines_that_stand_there_twice_are_not_replaced() -> None:
    twice = Program({"a.py": "x = 1\ny = 2\nx = 1\n"}, ("a.py",))
    with pytest.raises(EditRefused, match="occur more than once"):
        apply(twice, pair("x = 1\n", "x = 2\n", "a.py"), "a.py::top-level")
    with pytest.raises(EditRefused, match="occur more than once"):
        apply(twice, pair("x = 1  \n", "x = 2\n", "a.py"), "a.py::top-level")


def test_a_file_is_known_by_its_name_alone_where_there_is_one() -> None:
    assert (
        apply(TWO, fence("def g():\n    return 5", "src/b.py::g"), "a.py::f").files["b.py"]
        == "def g():\n    return 5\n"
    )
    files = {"x/b.py": "def g():\n    return 2\n", "y/b.py": "def g():\n    return 2\n"}
    with pytest.raises(EditRefused, match=r"there is no file 'b.py'; the nearest is '[xy]/b.py'"):
        apply(Program(files, tuple(files)), fence("def g():\n    return 5", "b.py::g"), "x/b.py::g")


def test_an_import_in_a_block_of_its_own_is_taken_with_the_change() -> None:
    reply = fence("import math as mm") + fence("def f():\n    return mm.pi")
    for only in (None, ("a.py::f",)):
        assert apply(TWO, reply, "a.py::f", only=only).files["a.py"] == (
            "import os\nimport math as mm\n\nN = 1\n\n\ndef f():\n    return mm.pi\n"
        )


def test_an_import_that_nothing_needs_is_left_out() -> None:
    text = apply(TWO, fence("import json\n\ndef f():\n    return 3"), "a.py::f").files["a.py"]
    assert "json" not in text and "import os" in text


def test_a_block_with_an_address_that_can_not_be_read_is_refused_whatever_else_there_is() -> None:
    broken = fence("def g():\n    return (", "b.py::g")
    for reply in (fence("def f():\n    return 3") + broken, broken + fence("def f():\n    return 3")):
        with pytest.raises(EditRefused) as refused:
            apply(TWO, reply, "a.py::f", only=("a.py::f",))
        assert refused.value.cause == "syntax"
    whole = Program({"a.py": MODEL}, ("a.py",))
    with pytest.raises(EditRefused, match="line 2"):
        apply(whole, fence("def loss(a, b):\n    return 1") + fence("def extra():\n    return ("), "a.py::loss")


def test_only_what_may_change_changes() -> None:
    code = "def f():\n    return 3\n\n\ndef h():\n    return f()"
    added = apply(TWO, fence(code), "a.py::f", only=("a.py::f",)).files["a.py"]
    assert "def h():" in added  # what is new comes along
    for only in (("a.py::f",), ("a.py::f", "b.py::g"), None):
        reply = fence("def f():\n    return 3") + fence("def g():\n    return 9", "b.py")
        new = apply(TWO, reply, "a.py::f", only=only)
        assert "return 3" in new.files["a.py"] and "return 9" in new.files["b.py"]  # a label says what is meant


def test_top_level_code_changes_beside_definitions_that_may() -> None:
    script = "import os\n\nN = 1\n\n\ndef f():\n    return N\n\n\ntotal = f()\nprint(total)\n"
    program = Program({"a.py": script}, ("a.py",))
    code = "import os\n\nN = 1\n\n\ndef f():\n    return 7\n\n\ntotal = f() + 5\nprint(total)"
    for only, body in (
        (("a.py::top-level",), "return N"),
        (("a.py::top-level", "a.py::f"), "return 7"),
        (None, "return 7"),
    ):
        text = apply(program, fence(code), "a.py::top-level", only=only).files["a.py"]
        assert "total = f() + 5" in text and "total = f()\n" not in text
        assert body in text


def test_definitions_alone_are_no_top_level_code() -> None:
    script = "def f():\n    return 1\n\n\ntotal = f()\nprint(total)\n"
    program = Program({"a.py": script}, ("a.py",))
    reply = fence("def f():\n    return 7")
    with pytest.raises(EditRefused, match=r"the reply has no definition of a\.py::top-level"):
        apply(program, reply, "a.py::top-level", only=("a.py::top-level",))
    text = apply(program, reply, "a.py::top-level", only=("a.py::top-level", "a.py::f")).files["a.py"]
    assert text == script.replace("return 1", "return 7")


def test_a_whole_file_may_change_another_one_that_is_labelled() -> None:
    reply = fence(TWO.files["a.py"].replace("N = 1", "N = 9").rstrip()) + fence("def g():\n    return 3", "b.py")
    new = apply_file(TWO, reply, "a.py")
    assert new.files == {"a.py": TWO.files["a.py"].replace("N = 1", "N = 9"), "b.py": "def g():\n    return 3\n"}
    with pytest.raises(EditRefused) as refused:
        apply_file(PROGRAM, fence("LIMIT = 2\n", "pkg/fixed.py") + fence(MODEL.replace("64", "65")), "model.py")
    assert (refused.value.cause, "editable: model.py" in str(refused.value)) == ("not_editable", True)


def test_two_parts_of_a_file_are_both_spliced_in() -> None:
    reply = fence("def f():\n    return 5") + fence("N = 7\n\n\ndef g():\n    return N\n\n\ndef f():\n    return g()")
    assert "N = 7" in apply_file(TWO, reply, "a.py").files["a.py"]
    assert "return g()" in apply_file(TWO, reply, "a.py").files["a.py"]


def test_a_reply_is_read_as_far_as_a_reply_may_be_long() -> None:
    start = fence("def f():\n    return 3")
    assert (
        apply(TWO, start + " " * 200_000 + fence("def f():\n    return 4"), "a.py::f").files["a.py"].count("return 3")
        == 1
    )


def test_a_file_that_is_no_python_is_left_alone() -> None:
    program = Program({"a.py": "def f():\n    return 1\n", "notes.txt": "def (\n"}, ("a.py",))
    for reply in (pair("    return 1\n", "    return 2\n", "a.py"), fence("def f():\n    return 2")):
        new = apply(program, reply, "a.py::f")
        assert new.files == {"a.py": "def f():\n    return 2\n", "notes.txt": "def (\n"}


def test_a_part_of_a_line_that_stands_there_twice_is_said() -> None:
    twice = Program({"a.py": "x = 1\ny = 1\n"}, ("a.py",))
    with pytest.raises(EditRefused, match="occur more than once"):
        apply(twice, pair("= 1\n", "= 2\n", "a.py"), "a.py::top-level")


def test_a_labelled_block_of_imports_alone_is_taken_with_the_change() -> None:
    reply = fence("import math as mm", "a.py::f") + fence("def f():\n    return mm.pi", "a.py::f")
    text = apply(TWO, reply, "a.py::f", only=("a.py::f",)).files["a.py"]
    assert text == "import os\nimport math as mm\n\nN = 1\n\n\ndef f():\n    return mm.pi\n"


def test_a_pair_that_searches_for_nothing_is_refused() -> None:
    with pytest.raises(EditRefused, match=r"a\.py: the lines to replace occur more than once; to ''"):
        apply(TWO, pair("", "x = 1\n", "a.py"), "a.py::f")
