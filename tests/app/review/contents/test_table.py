from __future__ import annotations

import time

import pytest

from app.live.board import Row, Stage
from app.review.contents.table import PAGE_ROWS, SORTS, TableQuery, choose_rows, make_page
from app.review.growing.hypothesis_rows import GROUPS, HypothesisRow
from pelagos.errors import BadInput
from pelagos.nouns import Claim, Effect, VerdictKind

KINDS = (VerdictKind.PROMISING, VerdictKind.REFUTED, VerdictKind.UNDECIDED)


def make_row(number: int, *, waits: bool = False) -> HypothesisRow:
    value = ((number * 7919) % 2000 - 1000) / 1000
    effect = Effect(value=value, low=value - 0.1, high=value + 0.1, p_value=(number % 100) / 100, seeds=3)
    kind = KINDS[number % 3]
    row = Row(f"h{number}", f"Title {number}", Stage.JUDGED, verdict=kind, effect=effect)
    return HypothesisRow(
        row=row, number=number, group=GROUPS[0] if waits else str(kind), claim=None, seconds=number % 7, tokens=10,
        waits=waits, novelty="", lane=0, round=number, words=f"h{number}\ntitle {number}\nfamily {number % 10}",
    )  # fmt: skip


def ids(rows: list[HypothesisRow]) -> list[str]:
    return [row.id for row in rows]


def test_what_waits_comes_first_then_the_best() -> None:
    rows = [make_row(1), make_row(2), make_row(3), make_row(4, waits=True)]
    assert ids(choose_rows(rows, TableQuery()))[:2] == ["h4", "h3"]


@pytest.mark.parametrize("column", SORTS)
def test_each_column_sorts_both_ways(column: str) -> None:
    rows = [make_row(number) for number in range(1, 30)]
    forth = choose_rows(rows, TableQuery(column))
    back = choose_rows(rows, TableQuery(f"-{column}"))
    key = SORTS[column]
    assert [key(row) for row in forth] == sorted(map(key, rows))
    assert [key(row) for row in back] == sorted(map(key, rows), reverse=True)


def test_what_has_no_effect_comes_last() -> None:
    bare = HypothesisRow(Row("h9", "None", Stage.IDEA), 9, "in work", None, 0.0, 0, False, "", None, None, "h9")
    for sort in ("effect", "-effect", "p", "-p", "cost"):
        assert choose_rows([bare, make_row(1)], TableQuery(sort))[-1] is bare


def test_the_claim_sorts_the_sealed_column() -> None:
    from dataclasses import replace

    claim = Claim(
        id="c", hypothesis="h2", version="v", level=0.1, left=0.1, held=True, reason="", effect=Effect(value=1)
    )
    rows = [make_row(1), replace(make_row(2), claim=claim)]
    assert ids(choose_rows(rows, TableQuery("sealed"))) == ["h2", "h1"]


def test_all_words_must_occur_and_the_verdict_must_fit() -> None:
    rows = [make_row(number) for number in range(1, 101)]
    assert ids(choose_rows(rows, TableQuery("id", q="TITLE family 7")))[:2] == ["h7", "h17"]
    assert {row.group for row in choose_rows(rows, TableQuery(verdict="refuted"))} == {"refuted"}
    assert choose_rows(rows, TableQuery(q="nothing has this")) == []


@pytest.mark.parametrize(("fields", "message"), [({"sort": "drop"}, "sort by one of"), ({"verdict": "x"}, "filter by")])
def test_an_unknown_column_or_verdict_is_named(fields: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        TableQuery(**fields)


def test_a_page_beyond_the_last_is_the_last() -> None:
    rows = [make_row(number) for number in range(1, 251)]
    page = make_page(rows, TableQuery("id", page=99))
    assert (ids(list(page.rows))[0], len(page.rows), page.pages, page.found) == ("h201", 50, 3, 250)
    assert ids(list(make_page(rows, TableQuery("id", page=-4)).rows))[0] == "h1"


def test_an_address_keeps_what_differs_from_the_default() -> None:
    query = TableQuery("effect", "refuted", "a b&c", 3)
    assert query.address() == "?sort=effect&verdict=refuted&q=a+b%26c"
    assert query.address(page=4).endswith("page=4")
    assert query.sort_address("effect") == "?sort=-effect&verdict=refuted&q=a+b%26c"
    assert [query.direction("effect"), query.direction("p")] == ["descending", "none"]
    assert [TableQuery("-effect").direction("effect"), TableQuery("id").direction("id")] == ["ascending", "ascending"]
    assert TableQuery().address() == "?"


def test_ten_thousand_rows_take_a_moment() -> None:
    rows = [make_row(number) for number in range(1, 10_001)]
    began = time.process_time()
    page = make_page(rows, TableQuery("-effect", "promising", "family 7"))
    assert time.process_time() - began < 0.3
    assert len(page.rows) == PAGE_ROWS
    assert dict(page.groups) == {"promising": 3333, "undecided": 3333, "refuted": 3334}
