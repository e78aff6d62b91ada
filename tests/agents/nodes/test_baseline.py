from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.nodes.baseline import why
from memory.artifacts import ArtifactStore
from pelagos.nouns import Experiment, OutcomeKind


def told(outcome: str, cause: str, log: str, folder: Path, **files: str) -> str:
    store = ArtifactStore(folder)
    stored = {name: store.put_text(text) for name, text in ({"log": log} | files).items() if text}
    one: dict[str, Any] = {"id": "e", "version": "v", "hypothesis": None, "seed": 7, "split": "validation"}
    experiment = Experiment(**one, outcome=OutcomeKind(outcome), cause=cause, seconds=1.0, files=stored)
    return why(experiment, 2, 3, SimpleNamespace(artifacts=store))  # type: ignore[arg-type]


def test_the_printed_end_is_shown_and_not_what_the_hook_wrote(tmp_path: Path) -> None:
    log = "Traceback (most recent call last):\n  File 'a.py', line 1\n\nValueError: no"
    text = told("error", "error: ValueError: no", log, tmp_path, traceback='{"exit": 1, "error": {}}')
    assert text.splitlines() == [
        "baseline: 2 of 3 seeds failed; seed 7: error: ValueError: no",
        "Traceback (most recent call last):", "  File 'a.py', line 1", "ValueError: no",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "cause", "head"),
    [
        ("error", "exit: code 3: it printed nothing", "seed 7: exit: code 3: it printed nothing"),
        ("oom", "oom: more than 512 MB of memory", "seed 7: oom: more than 512 MB of memory"),
        ("invalid", "no_predictions: nothing was written", "seed 7: invalid: no_predictions: nothing was written"),
        ("timeout", "", "seed 7: timeout"),
    ],
)
def test_a_silent_program_has_one_line(outcome: str, cause: str, head: str, tmp_path: Path) -> None:
    assert told(outcome, cause, "", tmp_path) == f"baseline: 2 of 3 seeds failed; {head}"


def test_endless_output_is_cut(tmp_path: Path) -> None:
    log = "same\n" * 50 + "\n".join(f"{at} {'x' * 5000}" for at in range(40))
    lines = told("error", "", log, tmp_path).splitlines()
    assert len(lines) == 13
    assert max(map(len, lines)) < 310
    assert told("error", "", "same\n" * 50, tmp_path).splitlines()[1:] == ["same"]
