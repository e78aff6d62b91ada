from __future__ import annotations

import pytest

from pelagos.nouns import Step
from tests.tools.code.conftest import PROGRAM, make_hypothesis, make_plan
from tools.code.coding.plan_steps import select_code_changes
from tools.code.program.program import Program

BASE = Program({"fit.py": PROGRAM}, ("fit.py",))


@pytest.mark.parametrize(
    ("text", "counts", "counts_for_strong"),
    [
        ("In fit, solve a ridge with penalty 0.5.", True, True),
        ("Add a penalty of 0.5.", True, True),
        ("Let fit and predict share a penalty.", True, True),
        ("Change `predict` to clip its values.", False, True),
        ("Change the predict function to clip its values.", False, True),
        ("Let it predict better by a penalty of 0.5.", True, True),
        ("In `fit`, shrink what the `predict` function uses.", True, True),
        ("Train the new model and evaluate it.", False, False),
        ("1. Verify that the error falls.", False, False),
        ("Add a comment that says what fit does.", False, False),
        ("Testing is not what this is: use the median in fit.", True, True),
    ],
)
def test_only_changes_of_the_target_count(text: str, counts: bool, counts_for_strong: bool) -> None:
    both = make_plan(Step(text="Use a ridge in fit."), Step(text=text))
    step = Step(text=text)
    assert (step in select_code_changes(both, make_hypothesis(), BASE, only_target=True)) is counts
    assert (step in select_code_changes(both, make_hypothesis(), BASE, only_target=False)) is counts_for_strong


def test_where_none_is_left_the_statement_is_the_step() -> None:
    steps = select_code_changes(make_plan(Step(text="Run it.")), make_hypothesis(), BASE, only_target=True)
    assert [step.text for step in steps] == ["Use ridge regression in fit."]
