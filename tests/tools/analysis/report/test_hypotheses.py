from __future__ import annotations

import pytest

from pelagos.nouns import Verdict, VerdictKind
from tests.tools.analysis.report.records import make_claim, make_record, make_test, make_tested
from tools.analysis.findings import e_value
from tools.analysis.report.hypotheses import (
    count_replicated,
    explain_rejection,
    list_evidence,
    list_hypotheses,
    multiply_e,
)
from tools.section import Table, Text


def tables_of(parts: list[object]) -> list[Table]:
    return [block for part in parts for block in part.blocks if isinstance(block, Table)]  # type: ignore[attr-defined]


def test_the_share_that_replicates_counts_required_tests_in_the_stated_direction() -> None:
    assert count_replicated(make_record()) == (2, 3)
    opposed = make_tested("d", results={"validation": [make_test("D", -0.5, 0.0001)]})
    assert count_replicated(make_record(tested=[opposed])) == (0, 1)
    assert count_replicated(make_record(tested=[make_tested("d", results={})])) == (0, 0)


def test_e_values_are_means_on_one_part_and_a_product_over_disjoint_parts() -> None:
    first, second = make_test("A", 0.5, 0.02), make_test("A", 0.5, 0.2, required=False)
    results = {"validation": [first, second], "sealed": [make_test("A", 0.5, 0.08)]}
    e = multiply_e(make_tested("a", results=results))
    assert e == pytest.approx((e_value(0.01) + e_value(0.1)) / 2 * e_value(0.04))
    assert multiply_e(make_tested("a", results={})) is None


def test_evidence_names_each_part_and_discovery_has_no_e_value() -> None:
    record = make_record()
    rows = list_evidence(record.tested[0])
    assert [row[0] for row in rows] == ["discovery", "replication", "sealed"]
    assert rows[0][4] == "–"
    assert rows[1][1].startswith("required: ")
    assert rows[2][2:6] == ["+0.60 (+0.40 to +0.80)", "0.02", "3.54", "50"]


def test_a_test_that_could_not_be_run_says_why() -> None:
    result = make_test("A", 0.5, 0.1).model_copy(update={"row": None, "cause": "no result for A"})
    rows = list_evidence(make_tested("a", results={"validation": [result]}))
    assert rows[1][2] == "not run: no result for A"


def test_rejected_ones_are_listed_with_why() -> None:
    suspect = Verdict(id="d", hypothesis="d", kind=VerdictKind.PROMISING, suspect=["numbers match no artifact: 7"])
    lost = make_tested("e", "undecided", claim=make_claim("e", held=False))
    record = make_record(tested=[make_tested("c", "refuted"), make_tested("d", verdict=suspect), lost])
    rejected = next(part for part in list_hypotheses(record) if part.title == "Not supported, and why")
    rows = tables_of([rejected])[0].rows
    assert [row[1:] for row in rows] == [
        ["refuted", "why c"],
        ["suspect", "numbers match no artifact: 7"],
        ["undecided", "why e; on sealed samples: no better on sealed data"],
    ]
    assert explain_rejection(make_tested("f", verdict=None)) == "it was not tested"


def test_scores_stand_beside_the_evidence_and_unknown_ones_are_no_numbers() -> None:
    part = next(part for part in list_hypotheses(make_record()) if part.folded)
    scores = tables_of([part])[-1]
    assert dict(zip(scores.head, scores.rows[0], strict=True))["literature"] == "–"
    assert scores.rows[0][0] == "5 of 5"
    texts = [block.text for block in part.blocks if isinstance(block, Text)]
    assert any("on 1 of 5 permutations" in text and "6.2%" in text for text in texts)


def test_without_hypotheses_there_is_no_part() -> None:
    assert list_hypotheses(make_record(tested=[])) == []
