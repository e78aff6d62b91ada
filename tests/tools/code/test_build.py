from __future__ import annotations

from typing import Any

import pytest

from pelagos.errors import BadReply, ModelTimeout, ModelUnavailable
from pelagos.nouns import Build, Step, Version
from tests.tools.code.conftest import ScriptedMind, World, idea, plan
from tools.code.task import CodeTask, load_task
from tools.code.toolchain import CodeToolchain

GOOD = """Sure! Here it is:
```python
import math

def ridge(a, b):
    return np.linalg.solve(a.T @ a + 0.5 * np.eye(a.shape[1]), a.T @ b)

def fit(x, y):
    return ridge(scale(x), y)
```
Hope this helps."""
CRASH = "```python\ndef fit(x, y):\n    return np.linalg.solve(x, yy)\n```"
BODY = "    return np.linalg.lstsq(scale(x), y, rcond=None)[0]\n```"
UNUSED = "```python\ndef ridge(a):\n    return a\n\ndef fit(x, y):\n    unused = 1\n" + BODY
SAME = '```python\ndef fit(x, y):\n    """Other words."""\n    # a comment\n' + BODY
STEP = Step(text="Call np.linalg.solve in fit.", check="calls('ridge', 'np.linalg.solve')")


@pytest.fixture(autouse=True)
def _evaluator() -> None:
    pytest.importorskip("sandbox.evaluator", reason="the evaluator is not there yet")


def causes(made: Build) -> list[str]:
    return [one.cause for one in made.tries]


def test_first_good_draft_wins(task: CodeTask, world: World) -> None:
    world.mind.script = lambda messages, sample: GOOD
    made = CodeToolchain().build(task, idea(), plan(STEP), world)
    assert made.version
    assert made.cause == ""
    assert causes(made) == ["ok"]
    assert made.checks == [True]
    asked = world.mind.asked[0][1]
    assert "# np.linalg.lstsq(a, b, rcond=" in asked  # as installed, looked up in the baseline's run
    version = world.ledger.find("version", made.version)
    assert version is not None
    assert len(world.ledger.events("experiment")) == 1


FLAT = """\
import sys

import numpy as np

from helper import scale

DATA, OUT = sys.argv[2], sys.argv[4]
train = np.load(DATA + "/train.npz")
weights = np.linalg.lstsq(scale(train["X"]), train["y"], rcond=None)[0]
np.save(OUT + "/predictions.npy", scale(np.load(DATA + "/inputs.npz")["X"]) @ weights)
"""
NEW = FLAT.replace("np.linalg.lstsq(", "ridge(").replace(", rcond=None)[0]", ")").replace("\nDATA", "\n\n{}\n\nDATA")
RIDGE = "def ridge(a, b):\n    return np.linalg.solve(a.T @ a + 0.5 * np.eye(a.shape[1]), a.T @ {})\n"


def test_a_flat_script_is_changed_and_repaired_as_a_whole(task: CodeTask, world: World) -> None:
    (task.folder / "fit.py").write_text(FLAT)
    flat, target = load_task(task.folder), "fit.py::top-level"
    replies = [NEW.format(RIDGE.format("c")), NEW.format(RIDGE.format("b"))]
    world.mind.script = lambda messages, sample: f"```python\n{replies[min(sample, 1)]}```"
    toolchain = CodeToolchain()
    assert target in toolchain.brief(flat, world).targets
    assert "def scale(x)" in toolchain.material(flat, target, world)
    made = toolchain.build(flat, idea(target), plan(Step(text="Use np.linalg.solve with a ridge.")), world)
    assert causes(made) == ["error", "ok"], made.tries
    assert "train: NpzFile" in world.mind.asked[0][1]
    assert "weights: ndarray float" in world.mind.asked[0][1]
    assert "complete new top-level code of `fit.py`" in world.mind.asked[0][1]
    version = Version(**(world.ledger.find("version", made.version or "") or {}))
    difference = toolchain.diff(flat, version, world)
    assert "+weights = ridge(scale(train" in difference
    assert difference.index("+def ridge") < difference.index("+weights = ridge")


def test_crash_is_repaired_with_the_local_structure(task: CodeTask, world: World) -> None:
    world.mind.script = lambda messages, sample: CRASH if sample == 0 else GOOD_FILE
    made = CodeToolchain().build(task, idea(), plan(), world)
    assert causes(made) == ["error", "ok"]
    assert "NameError" in made.tries[0].detail
    prompt = world.mind.asked[1][1]
    assert "NameError" in prompt
    assert "yy" in prompt
    assert "ndarray" in prompt


GOOD_FILE = """```python
import argparse
import numpy as np
from helper import scale

def fit(x, y):
    a = scale(x)
    return np.linalg.solve(a.T @ a + 0.5 * np.eye(3), a.T @ y)

def predict(weights, x):
    return scale(x) @ weights

def main():
    parser = argparse.ArgumentParser()
    for name in ("--data", "--out", "--seed"):
        parser.add_argument(name)
    args = parser.parse_args()
    with np.load(args.data + "/train.npz") as train:
        weights = fit(train["X"], train["y"])
    with np.load(args.data + "/inputs.npz") as inputs:
        np.save(args.out + "/predictions.npy", predict(weights, inputs["X"]))

if __name__ == "__main__":
    main()
```"""


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (UNUSED, "no_effect"),
        (SAME, "no_change"),
        ("I can't do that.", "no_edit"),
        ("```python\ndef fit(x, y:\n    return 1\n```", "syntax"),
        ("```python\n# fixed.py\nLIMIT = 4\n```", "not_editable"),
        ("```python\n# fit.py::fitt\nLIMIT = 4\n```", "unknown_address"),
        ("```python\ndef fit(x, y):\n    while True: pass\n```", "timeout"),
        ("```python\ndef predict(w, x): return 1\ndef fit(x, y):\n    raise SystemExit(3)\n```", "exit"),
        ("```python\ndef fit(x, y):\n    return np.full(3, np.nan)\n```", "nan_predictions"),
        ("```python\ndef fit(x, y):\n    return np.zeros(3) * scale(np.ones(3)) + bytearray(2 * 10**9)[0]\n```", "oom"),
        (
            "```python\n# fit.py::predict\ndef predict(weights, x):\n    return scale(x[1:]) @ weights\n```",
            "wrong_count",
        ),
        ("```python\ndef fit(x, y):\n    import os; os._exit(0)\n```", "no_predictions"),
    ],
)
def test_each_death_has_its_cause_and_is_bounded(reply: str, cause: str, shared: tuple[CodeTask, World]) -> None:
    task, world = shared
    world.mind = ScriptedMind(lambda messages, sample: reply)
    world.tries = 2
    made = CodeToolchain().build(task, idea(), plan(STEP), world)
    assert made.version is None
    assert made.cause in (cause, "error" if cause == "oom" else cause)
    assert len(made.tries) == 2
    again = world.mind.asked[-1][1]
    assert again != world.mind.asked[0][1], "the fault is fed back"


def test_drafts_come_first_each_told_the_fault_and_then_repairs_of_the_best(task: CodeTask, world: World) -> None:
    world.mind.script = lambda messages, sample: "no code" if sample == 1 else CRASH
    made = CodeToolchain().build(task, idea(), plan(), world)
    assert causes(made) == ["error", "no_edit", "no_change", "no_change", "no_change"]
    assert [one.kind for one in made.tries] == ["draft", "draft", "draft", "draft", "repair"]
    prompts = [text for _, text in world.mind.asked]
    assert "A first try failed" not in prompts[0]
    assert "NameError" in prompts[1]
    assert "NameError" in prompts[2]  # the fault of the best so far, not that there was no code
    assert "This part of a Python program has a fault" in prompts[4]


def test_after_an_idle_repair_the_change_is_asked_for_anew(task: CodeTask, world: World) -> None:
    others = [CRASH.replace("yy", name) for name in ("aa", "bb", "cc", "dd")]
    replies = [CRASH, *others[:3], others[2], others[3], others[3], GOOD]
    world.mind.script = lambda messages, sample: replies[sample]
    made = CodeToolchain().build(task, idea(), plan(), world)
    kinds = [(one.kind, one.cause) for one in made.tries]
    assert kinds == [
        *[("draft", "error")] * 4,
        ("repair", "no_change"),
        ("draft", "error"),
        ("repair", "no_change"),
        ("draft", "ok"),
    ]


def test_no_program_is_executed_twice(task: CodeTask, world: World) -> None:
    world.mind.script = lambda messages, sample: CRASH
    made = CodeToolchain().build(task, idea(), plan(), world)
    assert causes(made) == ["error", "no_change", "no_change", "no_change", "no_change"]
    assert len(world.ledger.events("smoke")) == 2 + 1  # the baseline's two


def test_after_the_first_good_program_nothing_more_is_asked(task: CodeTask, world: World) -> None:
    world.mind.script = lambda messages, sample: "no code" if sample == 0 else GOOD
    CodeToolchain().build(task, idea(), plan(STEP), world)
    assert [sample for sample, _ in world.mind.asked] == [0, 1]


def test_missing_step_is_fed_back_and_then_fails(task: CodeTask, world: World) -> None:
    other = "```python\ndef fit(x, y):\n    return np.zeros(3)\n```"
    world.mind.script = lambda messages, sample: other
    made = CodeToolchain().build(task, idea(), plan(Step(text="Solve a ridge.", check="defines('ridge')")), world)
    assert made.cause == "step_missing"
    assert made.version is None
    assert made.checks == [False]
    assert "Solve a ridge" in world.mind.asked[-1][1]
    assert "defines(" not in world.mind.asked[-1][1]


def test_check_that_holds_on_the_baseline_is_dropped(task: CodeTask, world: World) -> None:
    world.mind.script = lambda messages, sample: GOOD
    made = CodeToolchain().build(task, idea(), plan(Step(text="Scale.", check="uses('fit', 'scale')")), world)
    assert made.version
    assert "holds on the baseline" in made.tries[0].detail


@pytest.mark.parametrize("error", [ModelTimeout("late"), BadReply("a login page")])
def test_bad_replies_are_data(error: Exception, task: CodeTask, world: World) -> None:
    def useless(*_: Any) -> str:
        raise error

    world.mind.script = useless
    made = CodeToolchain().build(task, idea(), plan(), world)
    assert made.version is None
    assert made.cause == "model"
    assert made.wordless
    assert set(causes(made)) == {"model"}
    assert len(made.tries) == 4  # so many in a row that came no further


def test_a_model_that_is_away_ends_the_build(task: CodeTask, world: World) -> None:
    def down(*_: Any) -> str:
        raise ModelUnavailable("nothing answers")

    world.mind.script = down
    with pytest.raises(ModelUnavailable):
        CodeToolchain().build(task, idea(), plan(), world)
    assert not world.ledger.events("build")


def test_nothing_is_run_twice(task: CodeTask, world: World) -> None:
    world.mind.script = lambda messages, sample: GOOD
    first = CodeToolchain().build(task, idea(), plan(STEP), world)
    before = len(world.ledger.events())
    assert CodeToolchain().build(task, idea(), plan(STEP), world) == first
    assert len(world.ledger.events()) == before


def test_a_strong_model_answers_in_search_blocks(shared: tuple[CodeTask, World]) -> None:
    task, world = shared
    old = "    return np.linalg.lstsq(scale(x), y, rcond=None)[0]\n"
    new = "    return 0.9 * np.linalg.lstsq(scale(x), y, rcond=None)[0]\n"
    reply = f"fit.py\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"
    world.mind = ScriptedMind(lambda messages, sample: reply, strong=True)
    made = CodeToolchain().build(task, idea(), plan(Step(text="Shrink the weights by 0.9 in fit.")), world)
    assert made.version
    assert "<<<<<<< SEARCH" in world.mind.asked[0][1]
    assert old in world.mind.asked[0][1]
