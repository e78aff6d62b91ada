from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.nodes.baseline import baseline, describe_failure
from agents.state import make_initial_state
from memory.artifacts import ArtifactStore
from pelagos.errors import RunFailed
from pelagos.nouns import Experiment, OutcomeKind, Version
from tests.agents.nodes.laboratory import open_run


def describe(outcome: str, cause: str, log: str, folder: Path, **files: str) -> str:
    store = ArtifactStore(folder)
    stored = {name: store.put_text(text) for name, text in ({"log": log} | files).items() if text}
    fields: dict[str, Any] = {"id": "e", "version": "v", "hypothesis": None, "seed": 7, "split": "validation"}
    experiment = Experiment(**fields, outcome=OutcomeKind(outcome), cause=cause, seconds=1.0, files=stored)
    return describe_failure(experiment, 2, 3, SimpleNamespace(artifacts=store))  # type: ignore[arg-type]


def test_the_printed_end_is_shown_and_not_what_the_hook_wrote(tmp_path: Path) -> None:
    log = "Traceback (most recent call last):\n  File 'a.py', line 1\n\nValueError: no"
    text = describe("error", "error: ValueError: no", log, tmp_path, traceback='{"exit": 1, "error": {}}')
    assert text.splitlines() == [
        "baseline: 2 of 3 seeds failed; seed 7: error: ValueError: no",
        "Traceback (most recent call last):", "  File 'a.py', line 1", "ValueError: no",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "cause", "head"),
    [
        ("error", "exit: code 3: it printed nothing", "seed 7: exit: code 3: it printed nothing"),
        ("oom", "oom: more than 512 MB of memory", "seed 7: oom: more than 512 MB of memory"),
        ("invalid", "no_predictions: nothing was written", "seed 7: invalid: no_predictions: nothing was written"),
        ("timeout", "", "seed 7: timeout"),
    ],
)
def test_a_silent_program_has_one_line(outcome: str, cause: str, head: str, tmp_path: Path) -> None:
    assert describe(outcome, cause, "", tmp_path) == f"baseline: 2 of 3 seeds failed; {head}"


def test_endless_output_is_cut(tmp_path: Path) -> None:
    log = "same\n" * 50 + "\n".join(f"{at} {'x' * 5000}" for at in range(40))
    lines = describe("error", "", log, tmp_path).splitlines()
    assert len(lines) == 13
    assert max(map(len, lines)) < 310
    assert describe("error", "", "same\n" * 50, tmp_path).splitlines()[1:] == ["same"]


def test_it_runs_on_the_first_seeds_and_sets_the_pace(tmp_path: Path) -> None:
    run = open_run(tmp_path, judge={"min_seeds": 4}, caps={"experiments": 300, "seconds": 1000.0})
    assert baseline(make_initial_state(), run) == {}
    assert run.noun(Version, "base").hypothesis is None
    assert sorted(experiment.seed for experiment in run.nouns(Experiment)) == [0, 1, 2, 3]
    assert {experiment.split for experiment in run.nouns(Experiment)} == {"validation"}
    assert run.pace.experiment_s == 3.0  # two for the program, one for the scoring
    assert (run.steps.budget.summary().experiments.cap or 300) < 300  # what confirm needs is held back
    assert [event.payload["text"] for event in run.ledger.events("note")] == ["baseline: 4 seeds"]


def test_a_baseline_that_fails_on_a_seed_ends_the_run(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    run.toolchain.baseline_program = {"fails": [1]}  # type: ignore[attr-defined]
    with pytest.raises(RunFailed, match="baseline: 1 of 3 seeds failed; seed 1: shape"):
        baseline(make_initial_state(), run)
    assert len(run.nouns(Experiment)) == 3
    assert run.pace.experiment_s is None


def test_seeds_that_show_no_noise_are_said(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    run.toolchain.baseline_program = {"seedless": True, "noise": 0.0}  # type: ignore[attr-defined]
    run_experiment = run.toolchain.experiment
    run.toolchain.experiment = lambda task, version, seed, split, context: run_experiment(  # type: ignore[method-assign]
        task, version, seed, split, context
    ).model_copy(update={"score": 0.5})
    baseline(make_initial_state(), run)
    assert run.ledger.events("note")[-1].payload["text"].startswith("baseline: the same on all 3 seeds")


def test_a_task_in_which_nothing_can_be_changed_ends_the_run(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    run.toolchain.targets = {}  # type: ignore[attr-defined]
    with pytest.raises(RunFailed, match="task numbers: nothing in it can be changed: its toolchain offers no targets"):
        baseline(make_initial_state(), run)


@pytest.mark.parametrize(
    ("outcome", "cause", "reason"),
    [
        ("error", "", "seed 7: error"),
        ("error", "shape", "seed 7: shape"),
        ("timeout", "timeout: 5 s", "seed 7: timeout: 5 s"),
        ("timeout", "5 s", "seed 7: timeout: 5 s"),
        ("killed", "by SIGKILL", "seed 7: killed: by SIGKILL"),
    ],
)
def test_a_cause_is_said_once(outcome: str, cause: str, reason: str, tmp_path: Path) -> None:
    assert describe(outcome, cause, "", tmp_path) == f"baseline: 2 of 3 seeds failed; {reason}"


def test_lines_are_cut_where_they_are_longer_than_a_screen(tmp_path: Path) -> None:
    lines = describe("error", "", f"{'x' * 300}\n{'y' * 301}\n   \nz  \n", tmp_path).splitlines()
    assert lines[1:] == ["x" * 300, f"{'y' * 300} ...", "z"]
    many = describe("error", "", "\n".join(str(at) for at in range(13)), tmp_path).splitlines()
    assert many[1:] == [str(at) for at in range(1, 13)]
