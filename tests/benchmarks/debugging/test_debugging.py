"""The debugging benchmark with a scripted role_model: its faults fit the shipped programs, and it resumes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.debugging.arms import ARMS, make_question, shows_fault
from benchmarks.debugging.bench import Bench, repair
from benchmarks.debugging.cases import KINDS, Case, load_cases
from pelagos.errors import MissingPart
from sandbox.border.report import EMPTY
from sandbox.choose import choose
from tools.code.coding.causes import Cause
from tools.code.execution.smoke import BaselineProfile, SmokeResult
from tools.toolchain import Message

NOTHING = BaselineProfile({}, "", {}, {})
RIGHT = "```python\ndef compute_loss(logits, y):\n    return nn.functional.cross_entropy(logits, y, label_smoothing=0.1)\n```"


class Scripted:
    strong = False

    def __init__(self, replies: Sequence[str]) -> None:
        self.replies, self.asked = list(replies), 0

    def ask(self, messages: Sequence[Message], **how: object) -> str:
        self.asked += 1
        return self.replies[min(self.asked, len(self.replies)) - 1]


def test_thirty_faults_of_every_kind() -> None:
    cases = load_cases()
    assert len({case.id for case in cases}) == 30
    assert {case.kind for case in cases} == set(KINDS)
    assert len({case.task.name for case in cases}) == 3
    assert all(case.program.differs(case.baseline) for case in cases if case.cause != "no_change")
    assert all(case.hypothesis.target in case.baseline.definitions for case in cases)


@pytest.mark.parametrize("arm", ARMS)
def test_each_arm_asks_about_each_fault(arm: str) -> None:
    for case in load_cases():
        trial = SmokeResult(Cause(case.cause, "said"), "", EMPTY, "Traceback: said")
        asked = make_question(arm, case, trial, NOTHING)
        assert asked.messages[-1].content
        if arm in ("local", "local-file"):
            assert shows_fault(case, asked), case.id


@pytest.mark.slow
def test_a_repair_is_executed_and_done_once(tmp_path: Path) -> None:
    try:
        jail = choose()
    except MissingPart as missing:
        pytest.skip(f"no sandbox works here: {missing}")
    case: Case = next(case for case in load_cases() if case.id == "argument-keyword")
    model = Scripted(["no code here", RIGHT])
    bench = Bench(tmp_path, jail, model)  # type: ignore[arg-type]
    row = repair(bench, "local", case, 3, "scripted")
    assert row["repaired"]
    assert row["causes"] == ["error", "ok"]
    assert row["shown"]
    assert model.asked == 2
    assert repair(bench, "local", case, 3, "scripted") == row
    assert model.asked == 2
