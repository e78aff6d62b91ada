from hypothesis import given
from hypothesis import strategies as st

from tests.tools.analysis.planning.examples import COVARIATES, DESIGN, GROUP, OBJECTIVE, list_tools, make_tool
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.planning.workflows.search import MAX_CALLS, Search, offer
from tools.analysis.states import State

CLUSTERS = OBJECTIVE.model_copy(update={"id": "cluster ~ arm", "relation": "cluster ~ group"})
PRODUCED = [state for state in State if state is not State.RAW]


def names(search: Search) -> list[list[str]]:
    return [[call["tool"] for call in workflow.calls] for workflow in search.workflows()]


def test_raw_data_are_logged_and_the_plainest_workflow_comes_first() -> None:
    found = names(Search(list_tools(), OBJECTIVE, DESIGN, frozenset({"raw"}), missing=True))
    assert found[0] == ["log", "filter", "normalise", "model"]
    assert all(path[0] == "log" or path[1] == "log" for path in found)


def test_a_test_without_covariates_is_offered_only_where_there_is_no_other() -> None:
    tools = list_tools()
    found = Search(tools, OBJECTIVE, DESIGN, frozenset({"log2"}), missing=True).workflows()
    assert {workflow.calls[-1]["tool"] for workflow in found} == {"model"}
    assert found[0].calls[-1]["arguments"]["covariates"] == ["age", "site"]
    del tools["model"]
    plain = Search(tools, OBJECTIVE, DESIGN, frozenset({"log2"}), missing=True).workflows()
    assert plain and not any(workflow.adjusted for workflow in plain)


def test_missing_values_are_filled_in_only_where_a_later_call_refuses_them() -> None:
    search = Search(list_tools(), CLUSTERS, DESIGN, frozenset({"log2"}), missing=True)
    assert all("impute" in path for path in names(search))
    complete = Search(list_tools(), CLUSTERS, DESIGN, frozenset({"log2"}), missing=False)
    assert not any("impute" in path for path in names(complete))


def test_one_of_each_testing_tool_is_offered_first() -> None:
    tools = list_tools() | {"second": make_tool("second", *GROUP, COVARIATES, requires=frozenset({State.LOG2}))}
    found = Search(tools, OBJECTIVE, DESIGN, frozenset({"log2"}), missing=True).workflows()
    assert [workflow.calls[-1]["tool"] for workflow in offer(found)[:2]] == ["model", "second"]


@st.composite
def tool_sets(draw: st.DrawFn) -> dict[str, ToolSpec]:
    """Transformations with random needs, and one test."""
    states = st.frozensets(st.sampled_from(PRODUCED), max_size=2)
    made = [
        make_tool(
            f"to_{state}_{number}",
            produces=state,
            requires=draw(states) - {state},
            refuses=draw(states) - {state},
            removes=draw(states) - {state},
            refuses_missing=draw(st.booleans()),
        )
        for number, state in enumerate(draw(st.lists(st.sampled_from(PRODUCED), max_size=5)))
    ]
    test = make_tool("test", *GROUP, COVARIATES, requires=draw(states), refuses_missing=draw(st.booleans()))
    return {tool.name: tool for tool in [*made, test]}


@given(tool_sets(), st.frozensets(st.sampled_from(list(State)), max_size=2), st.booleans())
def test_every_workflow_can_be_carried_out_and_no_two_are_the_same(
    tools: dict[str, ToolSpec], states: frozenset[State], missing: bool
) -> None:
    search = Search(tools, OBJECTIVE, DESIGN, frozenset(map(str, states)), missing)
    seen = set()
    for workflow in search.workflows():
        current = {str(state) for state in states}
        assert len(workflow.calls) <= MAX_CALLS
        for spec in workflow.tools:
            assert spec.requires <= current and not spec.refuses & current
            assert not (missing and spec.refuses_missing) or "imputed" in current
            current = current if spec.tests else (current - spec.removes) | {str(spec.produces)}
        seen.add(tuple(call["tool"] for call in workflow.calls))
    assert len(seen) == len(search.workflows())
