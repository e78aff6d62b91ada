from __future__ import annotations

from tests.tools.analysis.planning.examples import DESIGN, make_finding, make_row, make_view
from tests.tools.analysis.report.records import make_record, make_tested
from tools.analysis.report.quality import describe_data, list_caveats
from tools.analysis.report.record import Look
from tools.section import Table, Text


def test_samples_groups_design_guesses_and_columns_are_shown() -> None:
    view = make_view().summary()
    look = Look.model_validate({**view, "missing": 0.21, "groups": view["groups by batch"]})
    design = DESIGN.model_copy(update={"guesses": ["site is the batch: it has two levels"]})
    (part,) = describe_data(make_record(looks={"discovery": look}), design)
    tables = [block for block in part.blocks if isinstance(block, Table)]
    assert tables[0].rows == [["discovery", "40", "2", "21 %", "log2"]]
    assert tables[1].rows == [["discovery", "north", "10", "10"], ["discovery", "south", "2", "10"]]
    assert ["covariates", "age"] in tables[2].rows
    assert tables[3].rows == [["site is the batch: it has two levels"]]
    assert ["site", "north: 20, south: 20", "0"] in tables[4].rows


def test_a_caveat_of_several_findings_is_said_once() -> None:
    finding = make_finding(make_row(), caveats=["arm is unbalanced over site"])
    tested = [make_tested("a"), make_tested("b")]
    record = make_record(tested=[type(each)(each.hypothesis, finding) for each in tested])
    assert list_caveats(record) == ["arm is unbalanced over site"]
    (part,) = describe_data(record, DESIGN)
    assert [block.text for block in part.blocks if isinstance(block, Text)] == ["Caveat: arm is unbalanced over site."]


def test_without_a_look_nothing_is_said() -> None:
    assert describe_data(make_record(looks={}), DESIGN) == []
