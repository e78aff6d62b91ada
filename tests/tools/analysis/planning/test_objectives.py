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


ORDERED = DESIGN.model_copy(update={"group": None, "case": None, "control": None, "order": ["P1", "load", "age", "P2"]})
SLOPES = {"slopes": make_tool("slopes", relation=Relation.SLOPE_GROUP)}
CHAINS = {"mediate": make_tool("mediate", relation=Relation.MEDIATION)}


def test_slopes_are_asked_about_where_both_groups_have_samples_for_one() -> None:
    (found,) = enumerate_objectives(DESIGN, make_view(), SLOPES, sets=False)
    assert (found.id, found.subject, found.column) == ("slope of load ~ arm", "arm", "load")
    columns = {**make_view().columns, "arm": Column(False, {"treated": 9, "plain": 30}, 0)}
    assert enumerate_objectives(DESIGN, make_view(columns=columns), SLOPES, sets=False) == []
    assert enumerate_objectives(ORDERED, make_view(), SLOPES, sets=False) == []


def test_mediation_is_asked_about_in_the_stated_order_alone() -> None:
    found = enumerate_objectives(ORDERED, make_view(), CHAINS, sets=False)
    assert [each.chain for each in found] == [("P1", "load", "age"), ("P1", "load", "P2"), ("P1", "age", "P2")]
    assert (found[0].id, found[0].subject) == ("P1 -> age ~ load", "load")
    assert enumerate_objectives(DESIGN, make_view(), CHAINS, sets=False) == []


def test_mediation_needs_numbers_and_samples() -> None:
    def chains(order: list[str], **fields: object) -> list[tuple[str, ...]]:
        design = DESIGN.model_copy(update={"order": order})
        return [each.chain for each in enumerate_objectives(design, make_view(**fields), CHAINS, sets=False)]

    assert chains(["arm", "load", "P1"]) == [("arm", "load", "P1")]
    assert chains(["P1", "arm", "load"]) == chains(["site", "load", "P1"]) == []
    third = {**make_view().columns, "arm": Column(False, {"treated": 20, "plain": 10, "other": 10}, 0)}
    assert chains(["arm", "load", "P1"], columns=third) == []
    assert chains(["arm", "load", "P1"], samples=39) == []
    gaps = {**make_view().columns, "load": Column(True, {}, 1)}
    assert chains(["arm", "load", "P1"], columns=gaps) == []
