from __future__ import annotations

import pytest

from pelagos.errors import EditRefused
from tools.code.program.edits import apply
from tools.code.program.program import Program

PROGRAM = Program(
    {"m.py": "def f(x):\n    return x\n\n\ndef log(x):\n    print(x)\n\n\ndef main():\n    log(f(1))\n"}, ("m.py",)
)
WHOLE = [
    "def f(x):\n    if x:\n        return 1\n    return 2\n",
    "def f(x):\n    if x:\n        return 1\n    elif x > 1:\n        return 2\n    else:\n        raise ValueError\n",
    "def f(x):\n    with x:\n        return 1\n",
    "def f(x):\n    while True:\n        x += 1\n",
    "def f(x):\n    try:\n        return 1\n    except OSError:\n        return 2\n",
    "def f(x): return 2 * x\n",
]
HALF = [
    "def f(x):\n    if x:\n        return 1\n",
    "def f(x):\n    y = 2 * x\n",
    "def f(x):\n    for y in x:\n        return y\n",
    "def f(x):\n    try:\n        return 1\n    except OSError:\n        pass\n",
]


def apply_reply(reply: str, name: str = "f") -> str:
    address = f"m.py::{name}"
    return apply(PROGRAM, reply, address, only=(address,)).source(address)


@pytest.mark.parametrize("code", WHOLE)
@pytest.mark.parametrize("head", ["```python\n", ""])
def test_a_function_that_ends_is_whole_without_a_closing_fence(code: str, head: str) -> None:
    assert apply_reply(head + code) == code.strip()


@pytest.mark.parametrize("code", HALF)
@pytest.mark.parametrize("head", ["```python\n", ""])
def test_a_function_without_its_end_is_refused(code: str, head: str) -> None:
    with pytest.raises(EditRefused) as refused:
        apply_reply(head + code)
    assert refused.value.cause == "syntax"


@pytest.mark.parametrize("code", HALF)
def test_a_closing_fence_says_that_it_is_the_end(code: str) -> None:
    assert apply_reply(f"```python\n{code}```\n") == code.strip()


def test_what_never_returned_need_not_return() -> None:
    assert apply_reply("```python\ndef log(x):\n    print(2 * x)\n", "log") == "def log(x):\n    print(2 * x)"


def test_a_cut_inside_a_helper_that_the_target_uses_is_refused() -> None:
    reply = "```python\ndef f(x):\n    return half(x)\n\n\ndef half(x):\n    if x:\n        return (x"
    with pytest.raises(EditRefused) as refused:
        apply_reply(reply)
    assert refused.value.cause == "syntax"


def test_a_target_that_had_to_be_mended_must_end_even_with_a_fence() -> None:
    code = "def f(x):\n    if x:\n        return 1\n\n\ndef log(x):\n    print(x)\n"
    with pytest.raises(EditRefused):
        apply_reply(f"```python\nIt's this:\n{code}```\n")
