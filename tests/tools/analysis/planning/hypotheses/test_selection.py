from hypothesis import given
from hypothesis import strategies as st

from tests.tools.analysis.planning.examples import make_row
from tools.analysis.planning.hypotheses.selection import (
    MOST_FINDINGS,
    MOST_SUGGESTIVE,
    is_significant,
    select_rows,
)

ROWS = st.lists(
    st.builds(make_row, st.text("PQ", min_size=1), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1)), max_size=20
)


@given(ROWS)
def test_a_handful_with_the_significant_ones_first(rows: list) -> None:
    selection = select_rows(rows)
    marks = [is_significant(row) for row in selection.rows]
    assert len(marks) <= MOST_FINDINGS
    assert marks == sorted(marks, reverse=True)
    assert marks.count(False) <= MOST_SUGGESTIVE


def test_significant_before_strong() -> None:
    weak, strong = make_row("A", r=0.3, q=0.05), make_row("B", r=0.9, q=0.5)
    assert [row.entity for row in select_rows([strong, weak]).rows] == ["A", "B"]


def test_a_set_with_the_same_members_is_dropped_with_a_reason() -> None:
    first = make_row("A", r=0.6, members=["x", "y", "z"])
    again = make_row("B", r=0.5, members=["x", "y", "w"])
    other = make_row("C", r=-0.5, members=["x", "y", "z"])
    selection = select_rows([first, again, other])
    assert [row.entity for row in selection.rows] == ["A", "C"]
    assert selection.similar == {"A": ["B"]}
    assert [(each.entity, "A" in each.reason) for each in selection.dropped] == [("B", True)]


def test_a_row_without_p_or_r_is_no_finding() -> None:
    assert select_rows([make_row("A", p=None), make_row("B").model_copy(update={"r": None})]).rows == []


def test_the_surest_first_and_of_equal_ones_the_stronger() -> None:
    few, many = make_row("A", r=0.8, p=0.04, q=0.5), make_row("B", r=0.4, p=0.001, q=0.5)
    assert [row.entity for row in select_rows([few, many]).rows] == ["B", "A"]
    same = [make_row("A", r=0.3), make_row("B", r=-0.4), make_row("C", r=0.35)]
    assert [row.entity for row in select_rows(same).rows] == ["B", "C", "A"]
