from __future__ import annotations

from typing import Any

import pytest

from agents.fidelity.settle import Intention, settle
from agents.fidelity.techniques import find_named as techniques_of
from benchmarks.fidelity.own import EDITS, SECOND, hypothesis, make_diff, read_measured
from pelagos.nouns import Answer

ONLY_MEASURED = "a schedule that changes no rate"  # no reading of the change alone shows that
MISSED = "a normalisation of the inputs that nobody trains"  # it is called in training mode, as one in the network is


@pytest.mark.parametrize("edit", EDITS, ids=[edit["name"] for edit in EDITS])
def test_each_edit_by_its_change_and_by_what_was_measured(edit: dict[str, Any]) -> None:
    if edit["name"] == MISSED:
        pytest.xfail("marks say that it is there, not where")
    claim = Intention(hypothesis(edit["title"], edit["statement"]))
    whole = settle("v", claim, make_diff(edit), read_measured()[edit["name"]]["differences"])
    assert whole.answer == edit["label"], whole.evidence
    read = settle("v", claim, make_diff(edit), None)
    assert read.answer == edit["label"] or edit["name"] == ONLY_MEASURED, read.evidence


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("AdamW in place of Adam with dropout", ["AdamW"]),
        ("Layer normalisation instead of batch normalisation", ["layer normalisation"]),
        ("Replacing dropout by label smoothing", ["label smoothing"]),
        ("Averaging the weights is better than early stopping", ["weight averaging"]),
        ("Training without dropout", []),
        ("A larger hidden layer", []),
    ],
)
def test_a_technique_that_is_only_mentioned_is_not_claimed(title: str, found: list[str]) -> None:
    assert [technique.name for technique in techniques_of(title)] == found


def test_a_change_that_is_no_python_is_described_by_its_lines() -> None:
    fidelity = settle("v", Intention(hypothesis("Square of a", "square applied to a")), "+ square(column a)!", None)
    assert (fidelity.answer, fidelity.by) == ("can't tell", "nobody")
    assert fidelity.description == "now has square(column a)!"


@pytest.mark.parametrize("edit", SECOND, ids=[edit["name"] for edit in SECOND])
def test_of_the_second_set_only_what_is_right_is_called_so(edit: dict[str, Any]) -> None:
    fidelity = settle("v", Intention(hypothesis(edit["title"], edit["statement"])), make_diff(edit), None)
    assert fidelity.answer is not Answer.IMPLEMENTS or edit["label"] == "implements", fidelity.evidence
    assert fidelity.answer is not Answer.DIFFERS or edit["label"] == "doesn't", fidelity.evidence
