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
