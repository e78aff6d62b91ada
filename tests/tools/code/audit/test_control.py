from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest

from pelagos.nouns import Direction, Experiment, Metric, OutcomeKind
from tests.tools.code.audit.test_scan import found
from tools.code.audit.control import Leaning, compared, died
from tools.code.audit.sameness import otherwise_pinned, pinned, unchanging
from tools.code.program import Program

UP = Metric(name="accuracy", direction=Direction.UP, min_effect=0.01)
BASE = Leaning(taught=0.9, true=0.02, follows=0.88, error=0.02, hits=0.02)


def leaning(taught: float, true: float, error: float = 0.02, hits: float = 0.0) -> Leaning:
    return Leaning(taught, true, taught - true, error, hits)


def never() -> Leaning | None:
    raise AssertionError("an honest version needs no run of the baseline")


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
    usual: Callable[[], Leaning | None] = (lambda: BASE) if suspect else never
    assert bool(compared(candidate, usual, UP, values=False)) == suspect


def test_where_the_baseline_learns_nothing_the_control_says_nothing() -> None:
    lost = leaning(0.12, 0.1, error=0.02)
    assert compared(leaning(0.0, 0.9), lambda: lost, UP, values=False) == []
    assert compared(leaning(0.0, 0.9), lambda: None, UP, values=False) == []


def test_some_values_met_exactly_are_no_chance() -> None:
    stolen = leaning(0.6, 0.4, hits=0.3)
    assert "30% of the true ones" in compared(stolen, lambda: BASE, UP, values=True)[0]
    assert compared(stolen, never, UP, values=False) == []
    assert compared(leaning(0.9, 0.1, hits=0.05), never, UP, values=True) == []


def run(outcome: OutcomeKind = OutcomeKind.OK, seconds: float = 1.0) -> Experiment:
    return Experiment(
        id="e", version="v", hypothesis=None, seed=1, split="control", outcome=outcome, cause="why", seconds=seconds
    )


@pytest.mark.parametrize(
    ("tries", "usual", "real", "suspect"),
    [
        ([OutcomeKind.ERROR] * 2, OutcomeKind.OK, 1.0, True),
        ([OutcomeKind.INVALID] * 2, OutcomeKind.OK, 1.0, True),  # NaN
        ([OutcomeKind.TIMEOUT] * 2, OutcomeKind.OK, 1.0, True),
        ([OutcomeKind.TIMEOUT] * 2, OutcomeKind.OK, 6.0, False),  # near its limit of 10 s anyway
        ([OutcomeKind.ERROR] * 2, OutcomeKind.ERROR, 1.0, False),  # the baseline dies as well
        ([OutcomeKind.ERROR, OutcomeKind.OK], OutcomeKind.OK, 1.0, False),  # the machinery failed once
        ([OutcomeKind.KILLED] * 2, OutcomeKind.OK, 1.0, False),
    ],
)
def test_who_dies_on_wrong_labels_alone(
    tries: list[OutcomeKind], usual: OutcomeKind, real: float, suspect: bool
) -> None:
    found = died([run(one) for one in tries], [run(seconds=real)] * 2, lambda: run(usual), 10.0)
    assert bool(found) == suspect
    assert all("where the baseline does" in line for line in found)


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
    said = unchanging(candidate, control, baseline) or pinned(candidate, baseline, program, untouched)
    assert bool(said) == suspect
    assert found(code, GIVEN) == []


def test_a_pinned_seed_gets_another_constant_and_nothing_else_changes() -> None:
    code = "import random\nimport numpy as np\n\nnp.random.seed(7)\nrandom.seed('a')\nseed(3)\nx = 7\n"
    other = otherwise_pinned(Program({"train.py": code, "notes.txt": "7"}, ("train.py",)))
    assert other.files["train.py"].splitlines()[2:] == [
        "np.random.seed(90008)", "random.seed(90001)", "seed(3)", "x = 7",
    ]  # fmt: skip
    assert other.files["notes.txt"] == "7"
