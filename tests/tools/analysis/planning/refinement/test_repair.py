from tests.tools.analysis.planning.examples import DESIGN, OBJECTIVE, list_tools, make_tool
from tools.analysis.findings import Call
from tools.analysis.packs.spec import Parameter
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.refinement.repair import Repair, list_repairs, loosen
from tools.analysis.planning.workflows.search import Search
from tools.analysis.states import State

SHARE = Parameter("share", {"type": "number"}, "", 0.5, required=False)
TOOLS = {**list_tools(), "filter": make_tool("filter", SHARE, produces=State.FILTERED)}
SEARCH = Search(TOOLS, OBJECTIVE, DESIGN, frozenset({"log2"}), missing=True)


def repair(cause: str, *tools: str, covariates: tuple[str, ...] = ("age", "site"), rest: str = "") -> list[Repair]:
    calls: list[Call] = [{"tool": name, "arguments": {}} for name in tools]
    if tools[-1] == "model":
        calls[-1]["arguments"] = {"group": "arm", "covariates": list(covariates)}
    run = CallsRun(calls=calls, outcome="invalid", cause=cause, failed_call=len(calls) - 1)
    made = list_repairs(run, [{"tool": rest, "arguments": {}}] if rest else [], SEARCH)
    return [each for each in made if SEARCH.permits(each[1])]


def tools_of(made: Repair) -> list[str]:
    return [call["tool"] for call in made[1]]


def test_missing_values_are_filled_in_before_the_call_that_refuses_them() -> None:
    (made,) = repair("the data have missing values", "embed", rest="clusters")
    assert tools_of(made) == ["impute", "embed", "clusters"]
    assert "missing values are filled in" in made[2]


def test_a_test_that_refuses_filled_in_values_gets_none() -> None:
    assert repair("values are missing", "t_test") == []


def test_a_covariate_that_cant_be_told_apart_is_left_out_and_the_batch_stays() -> None:
    (made,) = repair("the design is rank-deficient", "model")
    assert made[1][-1]["arguments"]["covariates"] == ["site"]
    assert "age" in made[2]


def test_a_filter_that_leaves_nothing_is_loosened_or_left_out() -> None:
    looser, without = repair("no feature is left", "normalise", "filter", rest="model")
    assert looser[1][1] == {"tool": "filter", "arguments": {"share": 0.25}}
    assert "share is 0.25 instead of 0.5" in looser[2]
    assert tools_of(without) == ["normalise", "model"]
    assert without[2].endswith("it is left out")


def test_a_needed_call_that_fails_for_an_unknown_reason_is_not_mended() -> None:
    assert repair("no", "model", covariates=("site",)) == []


def test_a_call_without_a_share_cant_be_loosened() -> None:
    assert loosen({"tool": "normalise", "arguments": {}}, SEARCH) is None
    assert loosen({"tool": "filter", "arguments": {"share": 0.0}}, SEARCH) is None
