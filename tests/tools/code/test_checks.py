from __future__ import annotations

import pytest

from pelagos.nouns import Step
from sandbox.protocol import Sandbox
from tests.tools.code.conftest import plan
from tools.code import check_hook, checks
from tools.code.program import Program

OLD = """\
import torch
EPOCHS = 5

def fit(model):
    opt = torch.optim.Adam(model, lr=0.1)
    return opt

class Net:
    def forward(self, x):
        return x
"""
NEW = """\
import torch
from torch.nn.functional import dropout
EPOCHS = 9

def mixup(x):
    return x

def fit(model):
    opt = torch.optim.AdamW(model, lr=0.1, weight_decay=0.01)
    if model is None:
        mixup(opt)
    return opt

class Net:
    def forward(self, x):
        return dropout(x, p=0.2)
"""
LINES = {"m.py": [1, 2, 3, 5, 8, 9, 10, 12, 14, 15, 16]}
TARGET = "m.py::fit"
BASE = Program({"m.py": OLD}, ("m.py",))


def evaluate(expression: str) -> tuple[bool | None, bool | None]:
    new = check_hook.Source({"m.py": NEW}, LINES)
    old = check_hook.Source({"m.py": OLD}, None)
    return check_hook.evaluate(expression, new, old)[0], check_hook.evaluate(expression, old, old)[0]


@pytest.mark.parametrize(
    ("expression", "after", "before"),
    [
        ("calls('fit', 'torch.optim.AdamW')", True, False),
        ("calls(new.fit, 'AdamW')", True, False),
        ("calls('Net.forward', 'torch.nn.functional.dropout')", True, False),
        ("calls('fit', 'mixup')", False, False),  # written, but no run came there
        ("keyword('fit', 'weight_decay')", True, False),
        ("has_keyword(new.fit, 'weight_decay', 0.01)", True, False),
        ("keyword('fit', 'weight_decay', 0.5)", False, False),
        ("uses(new.Net.forward, 'dropout')", True, False),
        ("defines('mixup')", True, False),
        ("constant('EPOCHS') > constant(old, 'EPOCHS')", True, False),
        ("constant('EPOCHS', 9)", True, False),
        ("constant('EPOCHS', 10)", False, False),
        ("constant('weight_decay', 0.01)", None, None),
        ("changed('fit') and changed(new.Net)", True, False),
        ("mentions('AdamW')", True, False),
        ("mentions('0.2')", True, False),
        ("changed('mixup')", True, None),
        ("calls('fitt', 'AdamW')", None, None),
        ("uses('fit', 'torch')", True, True),
    ],
)
def test_vocabulary(expression: str, after: bool | None, before: bool | None) -> None:
    assert checks.fault_of(expression) == ""
    assert evaluate(expression) == (after, before)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("", "not an expression"),
        ("calls('fit', ", "not an expression"),
        ("import os", "not an expression"),
        ("open('x')", "unknown word 'open'"),
        ("True", "says nothing"),
        ("new.__class__", "hidden attribute"),
        ("calls('a', 'b') or " * 40 + "True", "longer than"),
    ],
)
def test_faults_are_named(expression: str, fault: str) -> None:
    assert fault in checks.fault_of(expression)


def test_fallback_asks_for_what_the_step_names() -> None:
    assert checks.fallback("Use AdamW with weight_decay=0.01 in fit", TARGET, BASE).endswith(
        "mentions('AdamW', 'weight_decay', '0.01')"
    )
    assert checks.fallback("Make it better.", TARGET, BASE) == f"changed({TARGET!r})"
    assert "Adam'" not in checks.fallback("Replace `Adam` in fit", TARGET, BASE)


def test_executed_in_the_sandbox(jail: Sandbox) -> None:
    steps = [
        Step(text="Use AdamW.", check="assert calls('fit', 'AdamW')"),
        Step(text="Use torch.", check="uses('fit', 'torch')"),
        Step(text="Use `SGDX` in fit.", check="what is this"),
        Step(text="Net keeps its output.", check="changed(new.Net)"),
    ]
    new = BASE.with_files(
        {"m.py": NEW.replace("import torch\nfrom torch.nn.functional import dropout", "dropout = lambda x, p: x + 1")}
    )
    found = checks.run(checks.of_plan(plan(*steps), TARGET, BASE), BASE, new, ({}, {}), jail)
    assert [one.valid for one in found] == [True, True, True, True]
    assert [one.holds for one in found] == [True, True, False, True]
    assert [one.by for one in found] == ["own", "words", "words", "own"]
    assert "holds on the baseline" in found[1].why


FORGER = """\
import atexit, os, sys
def forge():
    open("results.json", "w").write('[{"holds": true, "before": false, "error": ""}]' * 2)
    os._exit(0)
atexit.register(forge)
sys.modules["json"].dumps = lambda told, *a, **k: str(told).replace("False", "True")
forge()
"""


@pytest.mark.parametrize("check", ["calls('fit', 'AdamW')", "load(new.Net)", "new.fit(3)", "load(new)().fit"])
def test_a_program_can_not_answer_for_its_checks(check: str, jail: Sandbox) -> None:
    """Nothing of it is executed, whatever a check asks for."""
    checked = checks.of_plan(plan(Step(text="Use AdamW in fit and Net.", check=check)), TARGET, BASE)
    (found,) = checks.run(checked, BASE, BASE.with_files({"m.py": FORGER + OLD}), ({}, {}), jail)
    assert not found.holds


def test_a_check_copied_from_the_guide_is_not_about_its_step() -> None:
    steps = [
        Step(text="Use a cosine schedule.", check="calls('fit', 'torch.optim.AdamW')"),
        Step(text="Use AdamW with weight decay.", check="calls('fit', 'AdamW') and keyword('fit', 'weight_decay')"),
    ]
    copied, own = checks.of_plan(plan(*steps), TARGET, BASE)
    assert copied.own == ""
    assert "named by neither the step nor the program" in copied.fault
    assert own.own


def test_a_check_that_raises_on_the_new_program_leaves_it_to_the_words(jail: Sandbox) -> None:
    step = Step(
        text="Use AdamW with weight_decay of 0.01.",
        check="keyword('fit', 'weight_decay') and constant('weight_decay', 0.01)",
    )
    (found,) = checks.run(
        checks.of_plan(plan(step), TARGET, BASE), BASE, BASE.with_files({"m.py": NEW}), ({}, {}), jail
    )
    assert found.holds
    assert found.by == "words"
    assert "it raises" in found.why
