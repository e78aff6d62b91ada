"""A small real environment for the code toolchain: ledger, steps, artifacts, slots and sandbox; the model is
scripted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pelagos.errors import ModelError
from pelagos.nouns import Hypothesis, Plan, Step
from sandbox.protocol import Sandbox
from tests.tools.world import World
from tools.code.task.code_task import CodeTask, load_task
from tools.toolchain import Message

PROGRAM = '''\
"""Fit a line."""

import argparse

import numpy as np

from helper import scale

SLOPE = 2.0


def fit(x, y):
    """x: float array (n, 3); y: float array (n,) -> weights, float array (3,)."""
    return np.linalg.lstsq(scale(x), y, rcond=None)[0]


def predict(weights, x):
    """weights (3,), x (n, 3) -> float array (n,)."""
    return scale(x) @ weights


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data")
    parser.add_argument("--out")
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    with np.load(args.data + "/train.npz") as train:
        weights = fit(train["X"], train["y"])
    with np.load(args.data + "/inputs.npz") as inputs:
        np.save(args.out + "/predictions.npy", predict(weights, inputs["X"]))


if __name__ == "__main__":
    main()
'''
HELPER = '''\
"""Scaling."""


def scale(x):
    """x: float array (n, 3) -> the same shape."""
    return x / 2.0
'''
FIXED = '"""Not to be changed."""\n\nLIMIT = 3\n'
TASK = """\
name: lines
topic: fit a line
description: Predict y from X.
entry: python fit.py --data {data} --out {out} --seed {seed}
editable: [fit.py, helper.py]
files: [fixed.py]
data: {path: items.csv, target: y}
metric: {name: rmse, direction: down, min_effect: 0.01}
splits: {train: 60, validation: 30, sealed: 30}
smoke: {train: 20, validation: 10, seconds: 3}
limits: {seconds: 10, memory_mb: 512}
seeds: [1, 2, 3]
"""

Script = Callable[[Sequence[Message], int], str]


@dataclass
class ScriptedRoleModel:
    """Answers by a function of the messages and the sample number; records its prompts."""

    script: Script
    strong: bool = False
    asked: list[tuple[int, str]] = field(default_factory=list)
    rates: tuple[float | None, float | None] = (None, None)

    def ask(
        self,
        messages: Sequence[Message],
        *,
        sample: int = 0,
        max_tokens: int = 1024,
        temperature: float = 0.7,
        stop: Sequence[str] = (),
    ) -> str:
        self.asked.append((sample, "\n".join(message.content for message in messages)))
        return self.script(messages, sample)

    def ask_json(self, *args: object, **keywords: object) -> object:
        raise ModelError("not scripted")

    def probability(self, *args: object, **keywords: object) -> float:
        raise ModelError("not scripted")


@pytest.fixture
def task(tmp_path: Path) -> CodeTask:
    return make_task(tmp_path / "lines")


def make_task(folder: Path) -> CodeTask:
    folder.mkdir()
    rows = [f"{i % 7},{i % 5},{i % 3},{2.0 * (i % 7) - (i % 5) + (i % 11) / 10}" for i in range(140)]
    (folder / "items.csv").write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    (folder / "fit.py").write_text(PROGRAM)
    (folder / "helper.py").write_text(HELPER)
    (folder / "fixed.py").write_text(FIXED)
    (folder / "task.yaml").write_text(TASK)
    return load_task(folder)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, jail: Sandbox) -> Iterator[tuple[CodeTask, World]]:
    """A task and a world for tests that differ only in the model's replies: they share the baseline's smoke runs."""
    folder = tmp_path_factory.mktemp("shared")
    world = World(folder, jail, ScriptedRoleModel(lambda messages, sample: ""))
    yield make_task(folder / "lines"), world
    world.ledger.close()


@pytest.fixture
def world(tmp_path: Path, jail: Sandbox) -> Iterator[World]:
    project = tmp_path / "project"
    project.mkdir()
    made = World(project, jail, ScriptedRoleModel(lambda messages, sample: ""))
    yield made
    made.ledger.close()


def make_hypothesis(target: str = "fit.py::fit") -> Hypothesis:
    return Hypothesis(
        id="h1",
        title="Ridge",
        statement="Use ridge regression in fit.",
        rationale="Less variance.",
        predicted_effect=0.1,
        refuted_by="no lower RMSE",
        target=target,
    )


def make_plan(*steps: Step) -> Plan:
    return Plan(id="p1", hypothesis="h1", steps=list(steps) or [Step(text="Use np.linalg.solve with a ridge in fit.")])


@contextmanager
def copy_world(project: Path, copy: Path, jail: Sandbox) -> Iterator[World]:
    """A world in a copy of a project that several tests share."""
    shutil.copytree(project, copy, symlinks=True)
    world = World(copy, jail, ScriptedRoleModel(lambda messages, sample: ""))
    yield world
    world.ledger.close()
