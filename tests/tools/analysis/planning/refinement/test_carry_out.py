"""A workflow is carried out call by call; runs are answered by a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.tools.analysis.planning.examples import OBJECTIVE, make_row, make_tool
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call
from tools.analysis.packs.spec import Parameter
from tools.analysis.planning.exploration import make_search
from tools.analysis.planning.records import CallsRun, Revision
from tools.analysis.planning.refinement.carry_out import MAX_CALLS, MAX_REVISIONS, Allowance, carry_out
from tools.analysis.states import State

SHARE = Parameter("share", {"type": "number"}, "", 0.5, required=False)
MODEL: Call = {"tool": "model", "arguments": {"group": "arm", "case": "treated", "control": "plain"}}
FILTER: Call = {"tool": "filter", "arguments": {}}
NORMALISE: Call = {"tool": "normalise", "arguments": {}}
IMPUTE: Call = {"tool": "impute", "arguments": {}}


@pytest.fixture
def study(world: World) -> ScriptedStudy:
    made = make_scripted_study(world)
    made.specs["filter"] = make_tool("filter", SHARE, produces=State.FILTERED)  # type: ignore[index]
    return made


def let_it_be(study: ScriptedStudy, summary: Any = None, answer: Any = None) -> None:
    if summary is not None:
        object.__setattr__(study, "summary", summary)
    if answer is not None:
        object.__setattr__(study, "answer", answer)


def follow(calls: Sequence[Call], study: ScriptedStudy, allowed: Allowance | None = None) -> CallsRun:
    return carry_out(calls, make_search(OBJECTIVE, study), study, "opening", allowed or Allowance())


def list_runs(study: ScriptedStudy) -> list[list[str]]:
    return [[call["tool"] for call in calls] for calls, _, _ in study.runs]


def list_revisions(world: World) -> list[Revision]:
    return list(world.ledger.facts(Revision).values())


def test_each_call_is_made_and_looked_at(study: ScriptedStudy, world: World) -> None:
    run = follow([FILTER, NORMALISE, MODEL], study)
    assert run.ok and run.calls == [FILTER, NORMALISE, MODEL]
    assert list_runs(study) == [["filter"], ["filter", "normalise"], ["filter", "normalise", "model"]]
    assert list_revisions(world) == []


def shrink(calls: Sequence[Call]) -> dict[str, float]:
    """The filter leaves none of two features, whatever its share but 0.25."""
    strict = any(call["tool"] == "filter" and call["arguments"].get("share") != 0.25 for call in calls)
    return {"samples": 40, "features": 0 if strict else 2, "missing": 0.1}


def test_without_a_usable_reply_the_first_way_of_the_rule_is_taken(study: ScriptedStudy, world: World) -> None:
    let_it_be(study, shrink)
    run = follow([FILTER, MODEL], study)
    assert run.ok and run.calls == [{"tool": "filter", "arguments": {"share": 0.25}}, MODEL]
    (revision,) = list_revisions(world)
    assert (revision.by, revision.rule, revision.options) == (
        "rule",
        "a looser filter",
        ["a looser filter", "without the filter"],
    )
    assert revision.seen == "after filter: 40 samples, 0 features, 10% missing"
    assert revision.reason == "filter left 0 of 2 features; share is 0.25 instead of 0.5"
    assert (revision.before, revision.after) == ([FILTER, MODEL], run.calls)


def test_the_planner_names_one_of_several_ways_and_sees_no_result(study: ScriptedStudy, world: World) -> None:
    let_it_be(study, shrink)
    world.role_model.script = lambda schema, prompt: {"way": "without the filter"}
    run = follow([FILTER, MODEL], study)
    assert run.calls == [MODEL] and list_revisions(world)[0].by == "planner"
    (prompt,) = world.role_model.prompts
    assert "filter left 0 of 2 features; it is left out" in prompt
    assert "partial correlation" not in prompt and "p =" not in prompt


def test_a_way_that_isnt_offered_is_no_usable_reply(study: ScriptedStudy, world: World) -> None:
    let_it_be(study, shrink)
    world.role_model.script = lambda schema, prompt: {"way": "ask the sealed samples"}
    with pytest.raises(ValueError, match="way"):  # the model of the loop makes it a BadReply
        follow([FILTER, MODEL], study)


def test_calls_that_ran_and_stay_are_not_asked_for_again(study: ScriptedStudy) -> None:
    let_it_be(study, lambda calls: {"samples": 40, "features": 2, "missing": 0.0})
    follow([NORMALISE, IMPUTE, {"tool": "embed", "arguments": {}}, MODEL], study)
    assert list_runs(study)[:2] == [["normalise"], ["normalise", "embed"]]


def test_a_refusal_of_the_test_is_mended_where_it_says_how(study: ScriptedStudy, world: World) -> None:
    def answer(calls: Sequence[Call]) -> tuple[str, list[Row]]:
        collinear = "age" in calls[-1]["arguments"].get("covariates", [])
        return ("rank-deficient", []) if collinear else ("", [make_row("P1")])

    let_it_be(study, answer=answer)
    call = {"tool": "model", "arguments": {**MODEL["arguments"], "covariates": ["age", "site"]}}
    run = follow([NORMALISE, call], study)
    assert run.ok and run.calls[-1]["arguments"]["covariates"] == ["site"]
    assert list_revisions(world)[0].seen == "after model: rank-deficient"


def test_a_refusal_that_stays_ends_it(study: ScriptedStudy, world: World) -> None:
    let_it_be(study, answer=lambda calls: ("no", []) if calls[-1]["tool"] == "model" else ("", []))
    run = follow([NORMALISE, MODEL], study)
    assert (run.ok, run.cause) == (False, "no") and list_revisions(world) == []


def test_where_too_few_samples_are_left_the_test_is_not_made(study: ScriptedStudy) -> None:
    let_it_be(study, lambda calls: {"samples": 40, "features": 2, "missing": 0.1, "smallest group": 2})
    run = follow([IMPUTE, {"tool": "embed", "arguments": {}}, MODEL], study)
    assert (run.ok, run.cause) == (False, "impute: 2 samples are left in the smaller group")
    assert list_runs(study) == [["impute"]]


def test_where_it_goes_on_as_planned_the_same_is_not_asked_again(study: ScriptedStudy, world: World) -> None:
    let_it_be(study, lambda calls: {"samples": 40, "features": 2, "missing": 0.0, "batch share": 0.3})
    world.role_model.script = lambda schema, prompt: {"way": "as planned"}
    free: Call = {"tool": "t_test", "arguments": {"group": "arm", "case": "treated", "control": "plain"}}
    assert follow([FILTER, NORMALISE, free], study).calls == [FILTER, NORMALISE, free]
    (revision,) = list_revisions(world)
    assert (revision.rule, revision.by, revision.after) == ("as planned", "planner", revision.before)
    assert len(world.role_model.prompts) == 1


def test_a_test_that_the_samples_dont_permit_is_learned(study: ScriptedStudy) -> None:
    let_it_be(study, answer=lambda calls: ("rank-deficient", []) if calls[-1]["tool"] == "model" else ("", []))
    allowed = Allowance()
    follow([NORMALISE, MODEL], study, allowed)
    assert allowed.find_refusal([FILTER, MODEL]) == "rank-deficient"
    other: Call = {**MODEL, "arguments": {**MODEL["arguments"], "covariates": ["age"]}}
    assert allowed.find_refusal([FILTER, other]) == allowed.find_refusal([NORMALISE]) == ""


def test_a_refusal_of_the_values_is_not_one_of_the_samples(study: ScriptedStudy) -> None:
    let_it_be(study, answer=lambda calls: ("out of order", []))
    allowed = Allowance()
    follow([MODEL], study, allowed)
    assert allowed.find_refusal([NORMALISE, MODEL]) == ""


def test_revisions_and_calls_are_bounded(study: ScriptedStudy, world: World) -> None:
    let_it_be(study, lambda calls: {"samples": 40, "features": 0, "missing": 0.1})
    world.role_model.script = lambda schema, prompt: {"way": "a looser filter"}
    follow([FILTER, MODEL], study)
    assert len(list_revisions(world)) == MAX_REVISIONS
    allowed = Allowance(2)
    let_it_be(study, lambda calls: {"samples": 40, "features": 2, "missing": 0.1})
    run = follow([FILTER, NORMALISE, MODEL], study, allowed)
    assert (run.ok, run.cause, allowed.calls) == (False, f"after {MAX_CALLS} calls nothing more is tried", 0)


def test_the_same_results_give_the_same_revisions_and_record_none_twice(study: ScriptedStudy, world: World) -> None:
    let_it_be(study, shrink)
    first = follow([FILTER, MODEL], study)
    recorded = list_revisions(world)
    assert follow([FILTER, MODEL], study) == first and list_revisions(world) == recorded
