"""What is possible after a call, by what is known of the data then."""

from __future__ import annotations

from typing import Any

from tests.tools.analysis.planning.examples import DESIGN, OBJECTIVE, list_tools, make_tool
from tools.analysis.findings import Call
from tools.analysis.packs.spec import Parameter
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.refinement.observation import Observation, observe
from tools.analysis.planning.refinement.rules import AS_PLANNED, Situation, list_continuations
from tools.analysis.planning.workflows.search import Search
from tools.analysis.states import State

SHARE = Parameter("share", {"type": "number"}, "", 0.5, required=False)
TOOLS = {
    **list_tools(),
    "filter": make_tool("filter", SHARE, produces=State.FILTERED),
    "embed_all": make_tool("embed_all", produces=State.EMBEDDED),
}
CLUSTERS = OBJECTIVE.model_copy(update={"relation": "cluster ~ group", "id": "cluster ~ arm"})
BEFORE = Observation(40, 100, 0.1)


def situation(path: list[str], done: int, now: Observation, objective: Any = OBJECTIVE, **arguments: Any) -> Situation:
    calls: list[Call] = [{"tool": name, "arguments": {"group": "arm"} if name == "clusters" else {}} for name in path]
    for name, value in arguments.items():
        next(call for call in calls if call["tool"] == name)["arguments"] = value
    states = {"log2"} | {str(TOOLS[name].produces) for name in path[:done]}
    run = CallsRun(calls=calls[:done], outcome="ok", states=sorted(states))
    return Situation(calls, run, BEFORE, now, Search(TOOLS, objective, DESIGN, frozenset({"log2"}), missing=True))


def offered(here: Situation) -> list[tuple[str, list[str]]]:
    return [(each.rule, [call["tool"] for call in each.calls]) for each in list_continuations(here)]


def test_where_nothing_is_remarkable_all_goes_as_planned() -> None:
    now = Observation(40, 90, 0.1, smallest_group=20, batch_share=0.05)
    assert offered(situation(["filter", "normalise", "model"], 1, now)) == []


def test_a_filter_that_leaves_little_is_loosened_left_out_or_kept() -> None:
    here = situation(["filter", "model"], 1, Observation(40, 19, 0.0))
    assert offered(here) == [
        ("a looser filter", ["filter", "model"]),
        ("without the filter", ["model"]),
        (AS_PLANNED, ["filter", "model"]),
    ]
    assert list_continuations(here)[0].calls[0]["arguments"] == {"share": 0.25}
    assert offered(situation(["filter", "model"], 1, Observation(40, 20, 0.0))) == []
    nothing = offered(situation(["filter", "model"], 1, Observation(40, 0, 0.0)))
    assert AS_PLANNED not in dict(nothing)


def test_a_choice_that_loses_a_group_is_left_out_where_the_group_is_asked_about() -> None:
    now = Observation(20, 90, 0.0, smallest_group=2)
    assert offered(situation(["filter", "model"], 1, now)) == [("without the call", ["model"])]
    other = OBJECTIVE.model_copy(update={"subject": "load"})
    assert offered(situation(["filter", "model"], 1, now, other)) == []


def test_missing_values_are_filled_in_before_the_call_that_will_refuse_them() -> None:
    here = situation(["normalise", "embed", "clusters"], 1, Observation(40, 90, 0.05), CLUSTERS)
    assert offered(here) == [("fill in", ["normalise", "impute", "embed", "clusters"])]


def test_nothing_is_filled_in_where_nothing_is_missing() -> None:
    now = Observation(40, 90, 0.0)
    here = situation(["filter", "impute", "embed", "clusters"], 1, now, CLUSTERS)
    assert offered(here) == [("without filling in", ["filter", "embed", "clusters"])]


def test_where_much_is_missing_a_filter_comes_before_it_is_filled_in() -> None:
    here = situation(["normalise", "impute", "embed", "clusters"], 1, Observation(40, 90, 0.4), CLUSTERS)
    assert offered(here) == [
        ("filter first", ["normalise", "filter", "impute", "embed", "clusters"]),
        (AS_PLANNED, ["normalise", "impute", "embed", "clusters"]),
    ]
    here = situation(["normalise", "impute", "embed", "clusters"], 1, Observation(40, 90, 0.39), CLUSTERS)
    assert offered(here) == []


def test_a_batch_that_explains_much_is_corrected_where_the_test_has_no_model_for_it() -> None:
    now = Observation(40, 90, 0.0, batch_share=0.3)
    free = situation(["normalise", "t_test"], 1, now, t_test={"group": "arm"})
    assert offered(free)[0][1] == ["normalise", "correct", "t_test"]
    assert offered(free)[1][0] == AS_PLANNED
    adjusted = situation(["normalise", "model"], 1, now, model={"group": "arm", "covariates": ["site"]})
    assert offered(adjusted) == []
    small = Observation(40, 90, 0.0, batch_share=0.09)
    assert offered(situation(["normalise", "t_test"], 1, small, t_test={"group": "arm"})) == []


def test_a_check_of_clusters_comes_as_planned_first() -> None:
    now = Observation(40, 90, 0.0, batch_share=0.3)
    rules = [rule for rule, _ in offered(situation(["normalise", "embed_all", "clusters"], 1, now, CLUSTERS))]
    assert rules[0] == AS_PLANNED and "correct the batch" in rules


def test_a_batch_that_explains_nothing_is_not_corrected() -> None:
    now = Observation(40, 90, 0.0, batch_share=-0.01)
    here = situation(["normalise", "correct", "t_test"], 1, now)
    assert offered(here) == [("without correction", ["normalise", "t_test"])]


def test_what_is_known_after_a_call() -> None:
    run = CallsRun(outcome="ok", summary={"samples": 10, "features": 3, "missing": 0.25, "batch share": 0.2})
    assert observe(run) == Observation(10, 3, 0.25, None, 0.2)
    assert str(observe(run)) == "10 samples, 3 features, 25% missing; 20% of the variance between batches"
    assert observe(run.model_copy(update={"outcome": "error"})) is None
