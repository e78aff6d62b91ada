from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pelagos.errors import BadReply, ModelTimeout, ModelUnavailable
from pelagos.nouns import Answer, Build, Fidelity, Step, Version
from pelagos.settings import Loop, Settings
from sandbox.protocol import Sandbox
from tests.tools.code.conftest import ScriptedRoleModel, copy_world, make_hypothesis, make_plan, make_task
from tests.tools.world import World
from tools.code.task.code_task import CodeTask, load_task
from tools.code.toolchain import CodeToolchain
from tools.toolchain import Work

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
STEP = Step(text="Call np.linalg.solve in fit.")


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory, jail: Sandbox) -> Path:
    """A project in which the baseline ran as each build needs it first."""
    folder = tmp_path_factory.mktemp("rehearsed")
    world = World(folder / "project", jail, ScriptedRoleModel(lambda messages, sample: ""))
    CodeToolchain().brief(make_task(folder / "lines"), world)
    world.ledger.close()
    return world.project


@pytest.fixture
def world(rehearsed: Path, tmp_path: Path, jail: Sandbox) -> Iterator[World]:
    with copy_world(rehearsed, tmp_path / "project", jail) as copy:
        yield copy


def causes(result: Build) -> list[str]:
    return [attempt.cause for attempt in result.tries]


def test_first_good_draft_wins(task: CodeTask, world: World) -> None:
    world.role_model.script = lambda messages, sample: GOOD
    result = CodeToolchain().build(task, make_hypothesis(), make_plan(STEP), world)
    assert result.version
    assert result.cause == ""
    assert causes(result) == ["ok"]
    prompt = world.role_model.asked[0][1]
    assert "# np.linalg.lstsq(a, b, rcond=" in prompt  # as installed, looked up in the baseline's run
    version = world.ledger.find("version", result.version)
    assert version is not None
    assert len(world.ledger.events("experiment")) == 1


OTHER = GOOD.replace("0.5 *", "0.25 *")


def test_the_verifier_chooses_among_the_programs_that_run(task: CodeTask, world: World) -> None:
    """A program that crashes is not compared: execution is the first verifier."""
    replies = iter([GOOD, CRASH, OTHER])
    world.role_model.script = lambda messages, sample: next(replies)
    compared: list[Work] = []
    world.ranked = lambda works: compared.extend(works) or [1, 0]  # type: ignore[func-returns-value]
    toolchain = CodeToolchain()
    toolchain.configure(Settings(verifiers={"drafts": 2}))  # type: ignore[arg-type]
    result = toolchain.build(task, make_hypothesis(), make_plan(STEP), world)
    assert causes(result) == ["ok", "error", "ok"]
    assert result.version == result.tries[2].version
    assert ["0.5 *" in work.problem for work in compared] == [True, False]
    assert ["0.25 *" in work.problem for work in compared] == [False, True]
    assert compared[0].steps == [f"The change does this: {STEP.text}"]


def test_no_more_drafts_than_tries_and_one_alone_is_not_ranked(task: CodeTask, world: World) -> None:
    world.role_model.script = lambda messages, sample: GOOD if sample == 0 else CRASH
    world.ranked = lambda works: pytest.fail("one program can't be ranked")
    toolchain = CodeToolchain()
    toolchain.configure(Settings(verifiers={"drafts": 3}, loop={"tries": 2}))  # type: ignore[arg-type]
    result = toolchain.build(task, make_hypothesis(), make_plan(STEP), world)
    assert causes(result) == ["ok", "error"]
    assert result.version == result.tries[0].version


def test_a_repair_is_told_what_the_verifier_says_against_the_program(task: CodeTask, world: World) -> None:
    replies = iter([*(CRASH.replace("yy", name) for name in ("yy", "zz", "ww", "vv")), GOOD])  # four drafts, a repair
    world.role_model.script = lambda messages, sample: next(replies)
    judged: list[Work] = []

    def criticise(work: Work) -> str:
        judged.append(work)
        return "Step 1 was judged wrong: x is not square."

    world.criticised = criticise
    assert CodeToolchain().build(task, make_hypothesis(), make_plan(STEP), world).version
    prompts = [prompt for _, prompt in world.role_model.asked]
    told = ["A reviewer says, as data:\nStep 1 was judged wrong: x is not square." in prompt for prompt in prompts]
    assert told == ["has a fault" in prompt for prompt in prompts]
    assert judged
    assert all("NameError" in work.problem for work in judged)


def test_after_the_last_try_nobody_is_asked_what_is_wrong(task: CodeTask, world: World) -> None:
    replies = iter(CRASH.replace("yy", name) for name in ("yy", "zz", "ww", "vv"))
    world.role_model.script = lambda messages, sample: next(replies)
    world.criticised = lambda work: pytest.fail("there is no repair that could use it")
    toolchain = CodeToolchain()
    toolchain.configure(Settings(loop={"tries": 4}))  # type: ignore[arg-type]
    assert causes(toolchain.build(task, make_hypothesis(), make_plan(STEP), world)) == ["error"] * 4


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
    world.role_model.script = lambda messages, sample: f"```python\n{replies[min(sample, 1)]}```"
    toolchain = CodeToolchain()
    assert target in toolchain.brief(flat, world).targets
    assert "def scale(x)" in toolchain.material(flat, target, world)
    result = toolchain.build(
        flat, make_hypothesis(target), make_plan(Step(text="Use np.linalg.solve with a ridge.")), world
    )
    assert causes(result) == ["error", "ok"], result.tries
    assert "train: NpzFile" in world.role_model.asked[0][1]
    assert "weights: ndarray float" in world.role_model.asked[0][1]
    assert "complete new top-level code of `fit.py`" in world.role_model.asked[0][1]
    version = Version(**(world.ledger.find("version", result.version or "") or {}))
    difference = toolchain.diff(flat, version, world)
    assert "+weights = ridge(scale(train" in difference
    assert difference.index("+def ridge") < difference.index("+weights = ridge")


def test_crash_is_repaired_with_the_local_structure(task: CodeTask, world: World) -> None:
    world.role_model.script = lambda messages, sample: CRASH if sample == 0 else GOOD_FILE
    result = CodeToolchain().build(task, make_hypothesis(), make_plan(), world)
    assert causes(result) == ["error", "ok"]
    assert "NameError" in result.tries[0].detail
    prompt = world.role_model.asked[1][1]
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
    world.role_model = ScriptedRoleModel(lambda messages, sample: reply)
    result = CodeToolchain(Loop(tries=2)).build(task, make_hypothesis(), make_plan(STEP), world)
    assert result.version is None
    assert result.cause in (cause, "error" if cause == "oom" else cause)
    assert len(result.tries) == 2
    again = world.role_model.asked[-1][1]
    assert again != world.role_model.asked[0][1], "the fault is fed back"


def test_drafts_come_first_each_told_the_fault_and_then_repairs_of_the_best(task: CodeTask, world: World) -> None:
    world.role_model.script = lambda messages, sample: "no code" if sample == 1 else CRASH
    result = CodeToolchain().build(task, make_hypothesis(), make_plan(), world)
    assert causes(result) == ["error", "no_edit", "no_change", "no_change", "no_change"]
    assert [attempt.kind for attempt in result.tries] == ["draft", "draft", "draft", "draft", "repair"]
    prompts = [text for _, text in world.role_model.asked]
    assert "A first try failed" not in prompts[0]
    assert "NameError" in prompts[1]
    assert "NameError" in prompts[2]  # the fault of the best so far, not that there was no code
    assert "This part of a Python program has a fault" in prompts[4]


def test_after_an_idle_repair_the_change_is_asked_for_anew(task: CodeTask, world: World) -> None:
    others = [CRASH.replace("yy", name) for name in ("aa", "bb", "cc", "dd")]
    replies = [CRASH, *others[:3], others[2], others[3], others[3], GOOD]
    world.role_model.script = lambda messages, sample: replies[sample]
    result = CodeToolchain(Loop(tries=8)).build(task, make_hypothesis(), make_plan(), world)
    kinds = [(attempt.kind, attempt.cause) for attempt in result.tries]
    assert kinds == [
        *[("draft", "error")] * 4,
        ("repair", "no_change"),
        ("draft", "error"),
        ("repair", "no_change"),
        ("draft", "ok"),
    ]


def test_no_program_is_executed_twice(task: CodeTask, world: World) -> None:
    world.role_model.script = lambda messages, sample: CRASH
    result = CodeToolchain().build(task, make_hypothesis(), make_plan(), world)
    assert causes(result) == ["error", "no_change", "no_change", "no_change", "no_change"]
    assert len(world.ledger.events("smoke")) == 2 + 1  # the baseline's two


def test_after_the_first_good_program_nothing_more_is_asked(task: CodeTask, world: World) -> None:
    world.role_model.script = lambda messages, sample: "no code" if sample == 0 else GOOD
    CodeToolchain().build(task, make_hypothesis(), make_plan(STEP), world)
    assert [sample for sample, _ in world.role_model.asked] == [0, 1]


def test_what_was_not_asked_for_is_fed_back_and_kept_under_its_cause(task: CodeTask, world: World) -> None:
    other = GOOD.replace("0.5", "0.7")
    world.role_model.script = lambda messages, sample: other if sample else GOOD
    world.looked = lambda version: Fidelity(
        id=version.id, hypothesis="h1", description="It trains longer", answer=Answer.DIFFERS, evidence=["not a ridge"]
    )
    result = CodeToolchain().build(task, make_hypothesis(), make_plan(STEP), world)
    assert causes(result)[:2] == ["unfaithful", "unfaithful"]
    assert (result.cause, result.tries[1].version) == ("unfaithful", result.version)
    assert "What you did: It trains longer. not a ridge" in world.role_model.asked[1][1]
    assert len(world.role_model.asked) == 2  # each costs a full run


@pytest.mark.parametrize("error", [ModelTimeout("late"), BadReply("a login page")])
def test_bad_replies_are_data(error: Exception, task: CodeTask, world: World) -> None:
    def useless(*_: Any) -> str:
        raise error

    world.role_model.script = useless
    result = CodeToolchain().build(task, make_hypothesis(), make_plan(), world)
    assert result.version is None
    assert result.cause == "model"
    assert result.without_code
    assert set(causes(result)) == {"model"}
    assert len(result.tries) == 4  # so many in a row that came no further


def test_a_model_that_is_away_ends_the_build(task: CodeTask, world: World) -> None:
    def down(*_: Any) -> str:
        raise ModelUnavailable("nothing answers")

    world.role_model.script = down
    with pytest.raises(ModelUnavailable):
        CodeToolchain().build(task, make_hypothesis(), make_plan(), world)
    assert not world.ledger.events("build")


def test_nothing_is_run_twice(task: CodeTask, world: World) -> None:
    world.role_model.script = lambda messages, sample: GOOD
    first = CodeToolchain().build(task, make_hypothesis(), make_plan(STEP), world)
    before = len(world.ledger.events())
    assert CodeToolchain().build(task, make_hypothesis(), make_plan(STEP), world) == first
    assert len(world.ledger.events()) == before


def test_a_strong_model_is_told_all_steps_that_change_something_and_answers_in_search_blocks(
    shared: tuple[CodeTask, World],
) -> None:
    task, world = shared
    old = "    return np.linalg.lstsq(scale(x), y, rcond=None)[0]\n"
    new = "    return 0.9 * np.linalg.lstsq(scale(x), y, rcond=None)[0]\n"
    reply = f"fit.py\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"
    world.role_model = ScriptedRoleModel(lambda messages, sample: reply, strong=True)
    texts = ("Shrink the weights by 0.9 in fit.", "Leave predict as it is.", "Evaluate it.")
    steps = [Step(text=text) for text in texts]
    result = CodeToolchain().build(task, make_hypothesis(), make_plan(*steps), world)
    assert result.version
    assert all(step.text in world.role_model.asked[0][1] for step in steps[:2])
    assert steps[2].text not in world.role_model.asked[0][1]
    assert "<<<<<<< SEARCH" in world.role_model.asked[0][1]
    assert old in world.role_model.asked[0][1]
