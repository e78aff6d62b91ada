from __future__ import annotations

from pathlib import Path

from agents.judging.seal import Seal
from pelagos.nouns import Experiment, OutcomeKind


def experiment(id: str) -> Experiment:
    return Experiment(id=id, version="v", hypothesis=None, seed=1, split="sealed", outcome=OutcomeKind.OK, score=1.0)


def test_touches_add_up_over_runs_and_are_counted_once(tmp_path: Path) -> None:
    seal = Seal(tmp_path, "digest")
    assert seal.touch("run1", [experiment("a"), experiment("b")]) == 2
    assert seal.touch("run1", [experiment("a"), experiment("b")]) == 2
    assert seal.touch("run2", [experiment("a")]) == 3
    assert Seal(tmp_path, "another task").touch("run3", []) == 0


def test_the_same_data_are_one_seal_whatever_the_task_is_called(tmp_path: Path) -> None:
    """An edited program or limit is another task on the same sealed items."""
    first = [experiment("a").model_copy(update={"data": "d1"}), experiment("b").model_copy(update={"data": "d1"})]
    other = [experiment("c").model_copy(update={"data": "d1"})]
    assert Seal(tmp_path, "task1").touch("run1", first) == 2
    assert Seal(tmp_path, "task2").touch("run2", other) == 3
    assert Seal(tmp_path, "task3").touch("run3", [experiment("e").model_copy(update={"data": "d2"})]) == 1
