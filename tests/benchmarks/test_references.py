"""Positive and negative controls: each task has a better program that must be found so, and one that changes nothing.

The real toolchain, sandbox, evaluator, judge and confirm; only the search is left out. The loop never sees these
patches: they lie beside no task.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.nodes.confirm import confirm
from agents.state import make_initial_state
from benchmarks.judging.by_hand import open_run, take_through
from pelagos.nouns import Claim, VerdictKind
from tools.code.program.versions import load_original
from tools.code.task.code_task import CodeTask

REFERENCES = Path(__file__).parents[2] / "benchmarks" / "references"
ARMS = ("better", "noop")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", ["digits", "diabetes", "mnist1d"])
def test_the_better_program_is_supported_and_the_noop_is_not(task: str, tmp_path: Path) -> None:
    with open_run(task, tmp_path) as run:
        assert isinstance(run.task, CodeTask)
        for arm in ARMS:
            patch = {path.name: path.read_text() for path in (REFERENCES / task / arm).glob("*.py")}
            take_through(arm, load_original(run.task).with_files(patch), run)
        confirm(make_initial_state(), run)
        verdicts = run.verdicts()
        better, noop = verdicts["better"], verdicts["noop"]
        assert better.kind is VerdictKind.SUPPORTED, verdicts
        effect = better.effect
        assert effect is not None
        assert effect.value >= run.task.metric.min_effect
        assert effect.score is not None
        assert effect.baseline_score is not None
        assert (effect.score < effect.baseline_score) == (task == "diabetes")  # RMSE falls, accuracy rises
        assert noop.kind is VerdictKind.EQUIVALENT
        assert [(claim.hypothesis, claim.held) for claim in run.nouns(Claim)] == [("better", True)]
