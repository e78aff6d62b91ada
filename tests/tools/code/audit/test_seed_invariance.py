"""Predictions that nothing changes, and seeds that are pinned: only what the baseline doesn't do speaks against it."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tests.tools.code.audit.scan.test_scan import scan_code
from tools.code.audit.seed_invariance import (
    find_constant_seeds,
    find_pinned_seeds,
    find_unchanging_predictions,
    replace_constant_seeds,
)
from tools.code.program.program import Program


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
        ([A], A, [A, B], "", False),  # one run shows nothing
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
    said = find_unchanging_predictions(candidate, control, baseline) or find_pinned_seeds(
        candidate, baseline, program, untouched
    )
    assert bool(said) == suspect
    assert scan_code(code, GIVEN) == []


def test_a_pinned_seed_gets_another_constant_and_nothing_else_changes() -> None:
    code = "import random\nimport numpy as np\n\nnp.random.seed(7)\nrandom.seed('a')\nseed(3)\nx = 7\n"
    other = replace_constant_seeds(Program({"train.py": code, "notes.txt": "7"}, ("train.py",)))
    assert other.files["train.py"].splitlines()[2:] == [
        "np.random.seed(90008)", "random.seed(90001)", "seed(3)", "x = 7",
    ]  # fmt: skip
    assert other.files["notes.txt"] == "7"


BOTH = "import torch\nimport random\ntorch.manual_seed(7)\nrandom.seed(3)\n"


def test_a_seed_that_the_baseline_pins_too_is_no_finding() -> None:
    files = ({"train.py": BOTH}, {"train.py": PINNED})
    program, untouched = (Program(one, ("train.py",)) for one in files)
    told = "the same for every seed: sets the seed to a constant, by"
    assert find_pinned_seeds([A, A], [A, B], program, untouched) == [f"train.py: {told} random.seed"]
    assert find_pinned_seeds([A, A], [A, B], program, program) == []
    assert find_pinned_seeds([A, A], [A, B], program, Program({}, ())) == [
        f"train.py: {told} random.seed", f"train.py: {told} torch.manual_seed",
    ]  # fmt: skip


def test_pins_are_known_by_file_and_function() -> None:
    code = "import torch as t\nfrom numpy import random\nt.manual_seed(1)\nrandom.seed(n)\nrandom.seed()\n"
    program = Program({"a.py": code, "b.py": "import random\nrandom.seed(0)", "c.txt": PINNED}, ("a.py",))
    assert find_constant_seeds(program) == {("a.py", "torch.manual_seed"), ("b.py", "random.seed")}


def test_a_program_that_pins_nothing_stays_as_it_is() -> None:
    plain = Program({"a.py": "x  =  7 # odd spaces\n", "bad.py": "def (", "b.py": PINNED}, ("a.py",))
    other = replace_constant_seeds(plain)
    assert (other.files["a.py"], other.files["bad.py"]) == (plain.files["a.py"], plain.files["bad.py"])
    assert "torch.manual_seed(90008)" in other.files["b.py"]
