from tests.tools.analysis.planning.examples import make_finding, make_row
from tools.analysis.trials.audit.null_control import judge_null

OTHERS = [make_row(f"X{number}", p=(number + 0.5) / 40) for number in range(40)]


def test_a_finding_that_permuted_labels_show_as_well_is_suspect() -> None:
    tables = [[make_row(r=0.5, p=0.0001), *OTHERS]] * 2 + [[make_row(r=0.1, p=0.6), *OTHERS]] * 3
    control = judge_null(make_finding(), 0.0005, tables)
    assert control.as_extreme == 2
    assert "as extreme 2 of 5 times" in control.findings[0]


def test_one_accident_in_five_is_none() -> None:
    tables = [[make_row(r=0.5, p=0.0001), *OTHERS]] + [[make_row(r=0.1, p=0.6), *OTHERS]] * 4
    assert judge_null(make_finding(), 0.0005, tables).findings == []


def test_the_other_direction_is_not_as_extreme() -> None:
    assert judge_null(make_finding(), 0.0005, [[make_row(r=-0.5, p=0.0001)]] * 5).as_extreme == 0


def test_a_test_that_finds_what_isnt_there_is_suspect() -> None:
    table = [make_row(f"X{number}", p=0.001 if number < 20 else 0.5) for number in range(40)]
    control = judge_null(make_finding(), 1e-9, [table] * 5)
    assert "isn't valid here" in control.findings[0]
