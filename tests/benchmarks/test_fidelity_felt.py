"""What a model's P(Yes) is worth on labelled edits: which edits it is asked about, and the figures."""

from __future__ import annotations

from benchmarks.fidelity.claimed import list_model_edits, list_own_edits
from benchmarks.fidelity.felt import Felt, describe


def test_the_labelled_and_measured_edits_are_those_of_the_figures() -> None:
    claimed = list(list_model_edits())
    assert (len(claimed), sum(each.label == "implements" for each in claimed)) == (72, 42)
    assert all(each.title and each.statement and each.diff for each in claimed)
    assert len(list(list_own_edits())) == 33


def test_pairs_precision_and_recall() -> None:
    felt = [Felt(0.9, True), Felt(0.4, True), Felt(0.6, False), Felt(0.4, False)]
    pairs, yes = describe(felt)
    assert pairs == "2 right, 2 wrong; a right one is above a wrong one in 62%"
    assert "says so of 2, rightly of 1; precision 50% (1% to 99%), recall 50%" in yes


def test_without_wrong_ones_there_are_no_pairs() -> None:
    assert next(describe([Felt(0.9, True)])) == "1 right, 0 wrong"
