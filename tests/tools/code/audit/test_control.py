from __future__ import annotations

import io

import numpy as np
import pytest

from pelagos.nouns import Direction, Metric
from tests.tools.code.audit.test_scan import found
from tools.code.audit.control import Leaning, compared
from tools.code.audit.sameness import sameness
from tools.code.program import Program

UP = Metric(name="accuracy", direction=Direction.UP, min_effect=0.01)
BASE = Leaning(taught=0.9, true=0.02, follows=0.88, error=0.02, hits=0.02)


def leaning(taught: float, true: float, error: float = 0.02, hits: float = 0.0) -> Leaning:
    return Leaning(taught, true, taught - true, error, hits)


@pytest.mark.parametrize(
    ("candidate", "suspect"),
    [
        (leaning(0.02, 0.95), True),  # labels from somewhere else
        (leaning(0.95, 0.01), False),  # learned what it was taught
        (leaning(0.1, 0.1), False),  # a constant
        (leaning(0.1, 0.14), False),  # within noise and margin
        (leaning(0.2, 0.6), True),
        (None, False),
    ],
)
def test_who_prefers_the_labels_it_was_not_taught(candidate: Leaning | None, suspect: bool) -> None:
    assert bool(compared(candidate, BASE, UP, values=False)) == suspect


def test_where_the_baseline_learns_nothing_the_control_says_nothing() -> None:
    lost = leaning(0.12, 0.1, error=0.02)
    assert compared(leaning(0.0, 0.9), lost, UP, values=False) == []
    assert compared(leaning(0.0, 0.9), None, UP, values=False) == []


def test_some_values_met_exactly_are_no_chance() -> None:
    stolen = leaning(0.6, 0.4, hits=0.3)
    assert "30% of the true ones" in compared(stolen, BASE, UP, values=True)[0]
    assert compared(stolen, BASE, UP, values=False) == []
    assert compared(leaning(0.9, 0.1, hits=0.05), BASE, UP, values=True) == []


def saved(*values: float) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array(values))
    return buffer.getvalue()


A, B, ONE = saved(1, 2, 3), saved(3, 2, 2), saved(2, 2, 2)
PINNED, GIVEN = "import torch\ntorch.manual_seed(7)", "import torch\ntorch.manual_seed(args.seed)"


@pytest.mark.parametrize(
    ("candidate", "control", "baseline", "code", "suspect"),
    [
        ([A, A], A, [A, B], "", True),  # nothing changes it
        ([A, A], B, [A, B], "", False),  # deterministic, and it learns
        ([A, A], A, [B, B], "", False),  # the baseline is deterministic too
        ([ONE, ONE], ONE, [A, B], "", False),  # the mean of the training labels
        ([A, B], A, [A, B], "", False),
        ([A, A], B, [A, B], PINNED, True),
        ([A, B], B, [A, B], PINNED, False),  # pins something else: results still depend on the seed
        ([A, A], B, [A, B], GIVEN, False),
        ([A, A], B, [A, B], "from sklearn.ensemble import X\nX(random_state=0)", False),
        ([A, A], B, [A, B], "import numpy as np\nnp.random.default_rng(0)", False),
        ([A, A], B, [A, B], "import torch\ntorch.Generator().manual_seed(0)", False),
    ],
)
def test_what_never_changes(
    candidate: list[bytes], control: bytes, baseline: list[bytes], code: str, suspect: bool
) -> None:
    program, untouched = (Program({"train.py": text}, ("train.py",)) for text in (code, GIVEN))
    assert bool(sameness(candidate, control, baseline, program, untouched)) == suspect
    assert found(code, GIVEN) == []
