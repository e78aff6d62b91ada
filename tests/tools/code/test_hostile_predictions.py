"""The host looks at predictions before the evaluator does: hostile bytes are a cause there, and never an accident."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from memory.artifacts import ArtifactStore
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Outcome
from tests.sandbox.escapes.grading import POISONS, Poison
from tools.code.causes import Cause
from tools.code.execution import Execution, check_predictions
from tools.code.experiments import _files

CAUSES = {
    "malformed": "bad_predictions",
    "missing": "no_predictions",
    "wrong_count": "wrong_count",
    "nan": "nan_predictions",
}


@pytest.mark.parametrize("one", POISONS, ids=lambda one: one.name)
def test_poison_is_a_cause(one: Poison, tmp_path: Path) -> None:
    cause = check_predictions(one.make(tmp_path / "mark"), 4, Outcome(OutcomeKind.OK), {})
    assert cause.kind == CAUSES[one.cause] if one.cause else cause.good
    assert list(tmp_path.iterdir()) == []


def test_refused_predictions_are_not_kept(tmp_path: Path) -> None:
    """A night of them would fill the disk: each may be as large as is collected."""
    world = SimpleNamespace(artifacts=ArtifactStore(tmp_path))
    done = Execution(Outcome(OutcomeKind.OK, log="said"), Cause("wrong_count"), predictions=bytes(5_000_000))
    assert set(_files(done, b"", world)) == {"log"}  # type: ignore[arg-type]
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1000
    assert set(_files(done, b"scored", world)) == {"log", "predictions"}  # type: ignore[arg-type]
