from tests.tools.analysis.planning.examples import DESIGN, list_tools, make_tool, make_view
from tools.analysis.packs.spec import Parameter, Relation
from tools.analysis.planning.data_view import Column
from tools.analysis.planning.objectives import enumerate_objectives

NUMERIC = make_tool("trend", Parameter("outcome", {}, "numeric"), relation=Relation.FEATURE_NUMERIC)
SETS = make_tool("sets", Parameter("sets", {}, "sets"), relation=Relation.SET_GROUP)


def test_objectives_are_what_some_tool_can_test() -> None:
    tools = {**list_tools(), NUMERIC.name: NUMERIC, SETS.name: SETS}
    with_sets = [each.id for each in enumerate_objectives(DESIGN, make_view(), tools, sets=True)]
    without = [each.id for each in enumerate_objectives(DESIGN, make_view(), tools, sets=False)]
    assert with_sets == ["feature ~ arm", "set ~ arm", "cluster ~ arm", "feature ~ load"]
    assert without == ["feature ~ arm", "cluster ~ arm", "feature ~ load"]


def test_a_group_with_two_samples_gives_no_question() -> None:
    columns = {**make_view().columns, "arm": Column(False, {"treated": 2, "plain": 30}, 0)}
    found = enumerate_objectives(DESIGN, make_view(columns=columns), list_tools(), sets=True)
    assert found == []


def test_a_plain_table_asks_about_its_variables() -> None:
    between = make_tool("correlate", Parameter("first", {}, "feature"), relation=Relation.FEATURE_FEATURE)
    view = make_view(kind="table")
    found = enumerate_objectives(DESIGN.model_copy(update={"group": None}), view, {"correlate": between}, sets=False)
    assert [each.subject for each in found] == ["P1", "P2"]
