"""What a model's P(Yes) is worth on labelled edits: which edits it is asked about, and the figures."""

from __future__ import annotations

from benchmarks.fidelity.claims import check_model_edits
from benchmarks.fidelity.felt import Felt, describe, list_model_edits, list_own_edits


def test_it_is_asked_about_the_edits_that_the_other_judges_see() -> None:
    claimed = list(list_model_edits())
    assert [(each.name, each.label) for each in claimed] == [(case.name, case.label) for case in check_model_edits()]
    assert all(each.title and each.statement and each.diff for each in claimed)
    assert len(list(list_own_edits())) == 33


def test_pairs_precision_and_recall() -> None:
    felt = [Felt(0.9, True), Felt(0.4, True), Felt(0.6, False), Felt(0.4, False)]
    pairs, yes = describe(felt)
    assert pairs == "2 right, 2 wrong; a right one is above a wrong one in 62%"
    assert "says so of 2, rightly of 1; precision 50% (1% to 99%), recall 50%" in yes


def test_without_wrong_ones_there_are_no_pairs() -> None:
    assert next(describe([Felt(0.9, True)])) == "1 right, 0 wrong"
