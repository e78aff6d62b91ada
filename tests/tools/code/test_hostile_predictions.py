"""The host looks at predictions before the evaluator does: hostile bytes are a cause there, and never an accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.nouns import OutcomeKind
from sandbox.border.report import Report
from sandbox.protocol import Outcome
from tests.sandbox.escapes.grading import POISONS, Poison
from tools.code.execution import check_predictions

CAUSES = {
    "malformed": "bad_predictions",
    "missing": "no_predictions",
    "wrong_count": "wrong_count",
    "nan": "nan_predictions",
}


@pytest.mark.parametrize("one", POISONS, ids=lambda one: one.name)
def test_poison_is_a_cause(one: Poison, tmp_path: Path) -> None:
    cause = check_predictions(one.make(tmp_path / "mark"), 4, Outcome(OutcomeKind.OK), Report())
    assert cause.kind == CAUSES[one.cause] if one.cause else cause.good
    assert list(tmp_path.iterdir()) == []
