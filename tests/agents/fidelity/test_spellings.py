"""Honest spellings of each technique are called so, and what is there in part only isn't."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agents.fidelity.settle import Intention, settle
from benchmarks.fidelity.cases import HERE
from benchmarks.fidelity.own import hypothesis, make_diff
from pelagos.nouns import Answer

EDITS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("spellings.toml").read_text("utf-8"))["edit"]
CLAIMS = {one["name"]: one for one in tomllib.loads((HERE / "techniques.toml").read_text("utf-8"))["technique"]}
MEASURED = Path(__file__).with_name("spellings.jsonl")
NAMES = [f"{edit['technique']}: {edit['name']}" for edit in EDITS]


def claim(edit: dict[str, Any]) -> Intention:
    entry = CLAIMS[edit["technique"]]
    return Intention(hypothesis(entry["title"], entry["statement"]))


def differences(edit: dict[str, Any]) -> list[str] | None:
    """None where nothing was measured of it."""
    records = [json.loads(line) for line in MEASURED.read_text("utf-8").splitlines()]
    return next(
        (record["differences"] for record in records if record["name"] == f"{edit['technique']}: {edit['name']}"), None
    )


@pytest.mark.parametrize("edit", EDITS, ids=NAMES)
def test_each_by_its_change_and_by_what_was_measured(edit: dict[str, Any]) -> None:
    lines = differences(edit)
    variants = [lines] if edit.get("measured") else [None, lines]  # `measured`: the change alone doesn't show it
    for variant in variants:
        fidelity = settle("v", claim(edit), make_diff(edit), variant)
        assert _agrees(fidelity.answer, edit["label"]), fidelity.evidence
    assert lines is not None or not edit.get("measured")


def _agrees(answer: Answer, label: str) -> bool:
    """What is there in part may be called something graver, never implemented."""
    return (answer is Answer.IMPLEMENTS) == (label == "implements")


def test_every_technique_has_three_honest_spellings() -> None:
    for name in CLAIMS:
        assert sum(edit["technique"] == name and edit["label"] == "implements" for edit in EDITS) >= 3, name
