"""Seeds of the controls: in a secret order of each version's own, and those that the verdict rests on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memory.files.project_folder import project_folder
from memory.ledger.ledger import Ledger
from pelagos.nouns import Experiment, OutcomeKind, Split, Version
from tools.code.audit.controls.control_seeds import draw_seeds, find_judged_seeds

SEEDS = list(range(8))
ONE, OTHER = (Version(id=id, hypothesis="h", plan=None, content=id) for id in ("v1", "v2"))


@pytest.fixture
def context(tmp_path: Path) -> Any:
    (project_folder(tmp_path) / "secret").write_text("5" * 64)
    return SimpleNamespace(project=tmp_path, steps=SimpleNamespace(ledger=Ledger.open(tmp_path / "ledger.db")))


def test_the_order_is_the_versions_own_and_the_purposes_and_the_projects(context: Any, tmp_path: Path) -> None:
    orders = [
        draw_seeds(SEEDS, ONE, "control", context),
        draw_seeds(SEEDS, OTHER, "control", context),
        draw_seeds(SEEDS, ONE, "moved", context),
    ]
    assert all(sorted(order) == SEEDS for order in orders)
    assert len({tuple(order) for order in [*orders, SEEDS]}) == 4
    assert draw_seeds(SEEDS[::-1], ONE, "control", context) == orders[0]
    (project_folder(tmp_path) / "secret").write_text("6" * 64)
    assert draw_seeds(SEEDS, ONE, "control", context) != orders[0]


def ran(context: Any, version: str, seeds: Sequence[int], split: Split = "validation") -> None:
    for seed in seeds:
        id = f"{version}-{split}-{seed}"
        experiment = Experiment(
            id=id, version=version, hypothesis="h", seed=seed, split=split, outcome=OutcomeKind.OK, score=0.5
        )
        context.steps.ledger.record(experiment, id)


def test_the_verdict_rests_on_the_seeds_that_all_were_run_with(context: Any) -> None:
    assert find_judged_seeds([5, 3, 1], (ONE, OTHER), context) == [5, 3]  # nothing was run yet
    ran(context, "v1", [0, 1, 2, 3])
    ran(context, "v2", [3, 1])
    ran(context, "v2", [2], "sealed")
    ran(context, "v3", [2])
    assert find_judged_seeds(SEEDS, (ONE, OTHER), context) == [1, 3]
    assert find_judged_seeds([3, 2, 1], (ONE, OTHER), context) == [3, 1]
    assert find_judged_seeds([7, 3, 6], (ONE, OTHER), context) == [7, 3]  # one alone is too few
    assert find_judged_seeds(SEEDS, (ONE,), context) == [0, 1, 2, 3]
