"""What runs touched: only what the baseline doesn't touch as well speaks against a version."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memory.artifacts import ArtifactStore
from pelagos.nouns import Experiment, OutcomeKind
from tools.code.audit.access import collect_access_findings
from tools.code.execution.execution import ACCESS_FILE


@pytest.fixture
def context(tmp_path: Path) -> Any:
    return SimpleNamespace(artifacts=ArtifactStore(tmp_path))


def run(context: Any, *touched: str) -> Experiment:
    files = {ACCESS_FILE: context.artifacts.put_json(list(touched))} if touched else {}
    return Experiment(
        id="e", version="v", hypothesis=None, seed=1, split="validation", outcome=OutcomeKind.OK, files=files
    )


def test_what_the_baseline_touches_too_is_no_sign(context: Any) -> None:
    usual = [run(context, "opened /etc/hosts"), run(context)]
    mine = [run(context, "opened /etc/hosts"), run(context, "started sh", "opened /etc/hosts")]
    assert collect_access_findings(mine, usual, context) == ["while it ran it started sh"]
    assert collect_access_findings(usual, mine, context) == []
    assert collect_access_findings(mine, [], context) == [
        "while it ran it opened /etc/hosts",
        "while it ran it started sh",
    ]


def test_each_is_told_once_in_order_whichever_run_shows_it(context: Any) -> None:
    mine = [run(context, name) for name in ("g", "b", "f", "a", "e", "c", "d", "b")]
    assert collect_access_findings(mine, [run(context)], context) == [f"while it ran it {name}" for name in "abcdefg"]


def test_runs_that_touched_nothing_have_none(context: Any) -> None:
    assert collect_access_findings([run(context)], [run(context)], context) == []
