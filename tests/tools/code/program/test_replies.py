"""Replies: which code is meant for which place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.errors import EditRefused
from tools.code.program.replies import Block, Replacement, extract_blocks, extract_replacements

PATHS = ("train.py", "pkg/net.py", "Makefile")
CODE = "def f():\n    return 1\n"


def fence(code: str = CODE, info: str = "python", marks: str = "```") -> str:
    return f"{marks}{info}\n{code}{marks}\n"


@pytest.mark.parametrize(
    ("reply", "path", "name"),
    [
        (fence(), "", ""),
        (fence(info="train.py"), "train.py", ""),
        (fence(info="python train.py::f"), "train.py", "f"),
        (fence(info="python pkg/net.py::Net.forward"), "pkg/net.py", "Net.forward"),
        (fence(info="python train.py::top-level"), "train.py", "top-level"),
        (fence("# train.py::f\n" + CODE), "train.py", "f"),
        (fence("\n\n# in train.py::f\n" + CODE), "train.py", "f"),
        (fence(CODE + "# train.py::f\n"), "", ""),
        ("Edit of train.py::f:\n" + fence(), "train.py", "f"),
        ("Not pkg/net.py::Net but train.py::f.\n" + fence(), "train.py", "f"),
        ("Edit of train.py::f:\n\n" + fence(), "train.py", "f"),
        ("train.py::f\none line\n" + fence(), "train.py", "f"),
        ("train.py::f\none line\nanother\n" + fence(), "", ""),
        ("In pkg/net.py:\n" + fence(info="python train.py::f"), "train.py", "f"),
        ("In pkg/net.py:\n" + fence("# train.py::f\n" + CODE), "train.py", "f"),
        ("See data.txt and version 1.5 here:\n" + fence(), "", ""),
        ("In other.py::g:\n" + fence(), "other.py", "g"),
    ],
)
def test_the_nearest_address_is_meant(reply: str, path: str, name: str) -> None:
    (block,) = extract_blocks(reply, PATHS)
    assert (block.path, block.name, block.open) == (path, name, False)
    assert CODE in block.code


def test_each_fence_is_a_block_with_the_label_before_it() -> None:
    second = fence("def g(): pass\n", marks="~~~~")
    reply = f"train.py::f\n{fence()}then pkg/net.py::g\n{second}and\n{fence('x = 2' + chr(10))}"
    assert extract_blocks(reply, PATHS) == [
        Block("train.py", "f", CODE),
        Block("pkg/net.py", "g", "def g(): pass\n"),
        Block("", "", "x = 2\n"),
    ]


def test_a_fence_that_nothing_closes_is_open() -> None:
    assert extract_blocks(f"```python\n{CODE}", PATHS) == [Block("", "", CODE, open=True)]
    inner = "def f():\n    '''\n    ```\n    x\n    '''\n"
    assert extract_blocks(f"````python\n{inner}````\n", PATHS) == [Block("", "", inner)]


def test_output_and_prose_in_fences_are_no_code() -> None:
    output = fence("loss: 0.5\nepoch 3\n", info="")
    reply = output + fence() + fence("$ pip list\n", info="sh")
    assert [block.code for block in extract_blocks(reply, PATHS)] == [CODE]
    for empty in ("", "Nothing at all.", output):
        with pytest.raises(EditRefused) as refused:
            extract_blocks(empty, PATHS)
        assert refused.value.cause == "no_edit"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (CODE, CODE),
        (f"So:\n\n{CODE}\nThat is all.", f"{CODE}\nThat is all.\n"),
        ("So: \nimport math\nx", "import math\nx\n"),
        ("Well,\n>>> x + 1\n2", ">>> x + 1\n2\n"),
        ("Do:\n    def f():\n\n        return 1\nThat is all.", "    def f():\n\n        return 1\n"),
    ],
)
def test_code_without_fences_goes_from_its_first_line(reply: str, code: str) -> None:
    assert extract_blocks(reply, PATHS) == [Block("", "", code, open=True)]


def test_bare_code_may_have_its_address_in_the_first_comment() -> None:
    (block,) = extract_blocks(f"# train.py::f\n{CODE}", PATHS)
    assert (block.path, block.name) == ("train.py", "f")


@pytest.mark.parametrize(
    "line", ["1: def f():", " 12 | import math", "3. class A:", "+ def f():", ">>> def f():", "    @wraps"]
)
def test_marked_and_numbered_lines_are_code(line: str) -> None:
    (block,) = extract_blocks(f"```\n{line}\n```\n", PATHS)
    assert block.code == f"{line}\n"


def pair(search: str, replace: str, marks: int = 7) -> str:
    return f"{'<' * marks} SEARCH\n{search}{'=' * marks}\n{replace}{'>' * marks} REPLACE\n"


def test_pairs_have_the_last_file_that_was_named() -> None:
    net, train = f"pkg/net.py\n{pair('c' + chr(10), '')}", f"In train.py:\n{pair('e' + chr(10), 'f' + chr(10))}"
    assert extract_replacements(pair("a\n", "b\n") + net + pair("", "d\n", 5) + train, PATHS) == [
        Replacement("train.py", "a\n", "b\n"),
        Replacement("pkg/net.py", "c\n", ""),
        Replacement("pkg/net.py", "", "d\n"),
        Replacement("train.py", "e\n", "f\n"),
    ]
    assert extract_replacements(pair("a\n", "b\n"), ()) == [Replacement("", "a\n", "b\n")]
    assert extract_replacements(fence(), PATHS) == []


CODES = st.lists(st.sampled_from([CODE, "x = 2\n", "class A:\n    pass\n"]), min_size=1, max_size=4)


@given(CODES, st.sampled_from(["", "Text.\n"]))
def test_every_fenced_block_is_read_whole_and_in_order(codes: list[str], between: str) -> None:
    reply = between + between.join(fence(code) for code in codes)
    assert [block.code for block in extract_blocks(reply, PATHS)] == codes
