"""Tests that hostile predictions become a cause when the host checks them, and never an exception."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from memory.artifacts import ArtifactStore
from pelagos.nouns import OutcomeKind
from sandbox.border.report import Report
from sandbox.protocol import Outcome
from tests.sandbox.escapes.grading import POISONS, Poison
from tools.code.coding.causes import Cause
from tools.code.execution.execution import Execution, check_predictions
from tools.code.execution.experiments import _store_files

CAUSES = {
    "malformed": "bad_predictions",
    "missing": "no_predictions",
    "wrong_count": "wrong_count",
    "nan": "nan_predictions",
}


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.name)
def test_poison_is_a_cause(poison: Poison, tmp_path: Path) -> None:
    cause = check_predictions(poison.make(tmp_path / "mark"), 4, Outcome(OutcomeKind.OK), Report())
    assert cause.kind == CAUSES[poison.cause] if poison.cause else cause.good
    assert list(tmp_path.iterdir()) == []


def test_refused_predictions_are_not_kept(tmp_path: Path) -> None:
    """Refused predictions may be as large as is collected, and would fill the disk."""
    world = SimpleNamespace(artifacts=ArtifactStore(tmp_path))
    execution = Execution(Outcome(OutcomeKind.OK, log="said"), Cause("wrong_count"), predictions=bytes(5_000_000))
    assert set(_store_files(execution, b"", world)) == {"log"}  # type: ignore[arg-type]
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1000
    assert set(_store_files(execution, b"scored", world)) == {"log", "predictions"}  # type: ignore[arg-type]
