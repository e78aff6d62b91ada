from __future__ import annotations

import pytest

from tests.tools.code.behaviour.programs import SKLEARN, TORCH
from tools.code.matched.constants import find_training_constants, replace_constant
from tools.code.program.program import Program


def find_constants(text: str) -> list[tuple[str, int]]:
    return [(constant.name, constant.value) for constant in find_training_constants(Program({"a.py": text}, ("a.py",)))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TORCH, [("EPOCHS", 8)]),
        (SKLEARN, [("n_estimators", 7), ("max_iter", 3)]),
        ("def fit(x, y, epochs=60, *, steps: int = 5):\n    pass", [("epochs", 60), ("steps", 5)]),
        ("parser.add_argument('--num-epochs', type=int, default=1_0)", [("num_epochs", 10)]),
        ("for _ in range(30):\n    loss.backward()\n    optimizer.step()", [("range", 30)]),
        ("for _ in range(30):\n    x.append(1)", []),
        ("class Config:\n    epochs: int = 12\nself.n_epochs = 4\nSETTINGS = {'max_iter': 9}", [
            ("epochs", 12), ("n_epochs", 4), ("max_iter", 9)]),
        ("WARMUP_EPOCHS = 5\nLOG_EVERY_STEPS = 10\nSWA_START_EPOCH = 3\nBATCH = 32\nSTEP_SIZE = 2\nEPOCHS = 0\nn_iter = True", []),
        ("EPOCHS = 5 * 4\nEPOCHS = -3\nmax_iter = 2.5", []),
        ("def f(:", []),
    ],
)  # fmt: skip
def test_what_may_say_how_long_a_program_trains(text: str, expected: list[tuple[str, int]]) -> None:
    assert sorted(find_constants(text)) == sorted(expected)


def test_a_constant_at_the_top_level_comes_first() -> None:
    assert find_constants("def fit(epochs=3):\n    for _ in range(9):\n        step.backward()\nEPOCHS = 7") == [
        ("EPOCHS", 7), ("epochs", 3), ("range", 9),
    ]  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_constant_is_changed(newline: str) -> None:
    text = newline.join(["x = 'ä\x0c'; EPOCHS = 6_0  # é", "y = 60", ""])
    program = Program({"a.py": text, "b.py": "EPOCHS = 1"}, ("a.py",))
    changed = replace_constant(program, find_training_constants(program)[0], 75)
    assert changed.files == {"a.py": text.replace("6_0", "75"), "b.py": "EPOCHS = 1"}
