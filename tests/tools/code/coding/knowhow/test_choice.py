"""Tests which know-how the coder is given: a note that fits libraries and budget, else docstrings."""

from __future__ import annotations

import sys

import pytest

from tests.tools.code.conftest import make_hypothesis
from tools.code.coding.knowhow.choice import find_imported_libraries, select_note
from tools.code.program.program import Program

TORCH = "Clip\n```python\ntorch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n```"
SKLEARN = "Ridge\n```python\nfrom sklearn.linear_model import Ridge\n```"
PROSE = "House rules\n" + "Write it our way.\n" * 60


def program(imports: str) -> Program:
    return Program({"fit.py": f"{imports}\n\n\ndef fit(x, y):\n    return x @ y\n"}, ("fit.py",))


@pytest.mark.parametrize(("imports", "expected"), [
    ("import torch", TORCH), ("from sklearn import linear_model", SKLEARN), ("import math", ""),
])  # fmt: skip
def test_a_note_is_told_to_a_program_that_has_its_libraries(imports: str, expected: str) -> None:
    assert select_note([TORCH, SKLEARN], make_hypothesis(), program(imports), 750) == expected


def test_prose_is_cut_and_code_is_whole_or_not_told() -> None:
    cut = select_note([PROSE], make_hypothesis(), program("import math"), 750)
    assert len(cut) <= 750 and cut.startswith("House rules\nWrite it our way.\n") and cut.endswith("\n[cut]")
    assert select_note([f"{TORCH}\n{PROSE}"], make_hypothesis(), program("import torch"), 750) == TORCH
    assert select_note([TORCH], make_hypothesis(), program("import torch"), 60) == ""
    assert (
        select_note(None, make_hypothesis(), program("import torch"), 750)
        == select_note([TORCH], make_hypothesis(), program("import torch"), 0)
        == ""
    )


def test_docstrings_stand_in_and_nothing_is_imported() -> None:
    pytest.importorskip("sklearn")
    hypothesis = make_hypothesis().model_copy(update={"statement": "Use HuberRegressor, x_train and VeryUnknownThing."})
    before = set(sys.modules)
    note = select_note([], hypothesis, program("import sklearn"), 750)
    assert note.startswith("HuberRegressor(*, epsilon=1.35, max_iter=100, ")
    assert note.endswith("L2-regularized linear regression model that is robust to outliers.")
    assert {name for name in set(sys.modules) - before if name.startswith("sklearn")} == set()
    assert select_note([], hypothesis, program("import math"), 750) == ""


def test_only_what_is_imported_counts() -> None:
    assert find_imported_libraries(program("import torch.nn as nn\nfrom . import torchlike")) == {"torch", "numpy"}
