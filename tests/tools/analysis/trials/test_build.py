"""Test plans of a finding, and versions of them: calls are checked, nothing is run."""

from __future__ import annotations

import pytest

from pelagos.nouns import Hypothesis, Plan, Step, Version
from tests.tools.analysis.planning.examples import make_finding, make_implication
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.findings import Implication, Subset
from tools.analysis.planning.records import Proposed
from tools.analysis.trials.build import (
    CAUSE,
    build_version,
    list_plans,
    load_implications,
    make_step,
    read_step,
)

HYPOTHESIS = Hypothesis(id="h1", title="GEN1 is higher", statement="s", rationale="r", refuted_by="n", target="t")
ARGUMENTS = {"group": "arm", "case": "treated", "control": "plain"}
CALL = {"tool": "model", "arguments": ARGUMENTS}
REQUIRED = make_implication(call=CALL)
WITHIN = make_implication(
    call=CALL, required=False, role="batch", text="within", subset=Subset(column="site", level="north")
)
PLAIN = make_implication(
    call={"tool": "t_test", "arguments": ARGUMENTS}, required=False, role="other tool", text="plain"
)


@pytest.fixture
def study(world: World) -> ScriptedStudy:
    return make_scripted_study(world)


def build(study: ScriptedStudy, *implications: Implication) -> tuple[Version | None, str, str]:
    """The version that is on record, the cause, and what is said of the try."""
    plan = Plan(id="h1-p1", hypothesis="h1", steps=[make_step(each) for each in implications])
    made = build_version(HYPOTHESIS, plan, study)
    assert (made.hypothesis, made.plan) == ("h1", "h1-p1")
    assert [(each.cause, each.version) for each in made.tries] == [(made.cause, made.version)]
    version = study.context.steps.ledger.fact(Version, made.version) if made.version else None
    return version, made.cause, made.tries[0].detail


def test_a_step_says_what_its_call_should_show() -> None:
    implication = make_implication(preparation=[{"tool": "normalise", "arguments": {}}])
    step = make_step(implication)
    assert step.text == "it holds" and step.call is not None and step.call["tool"] == "model"
    assert not {"text", "call"} & set(step.call["tests"])
    assert read_step(step) == implication


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (None, "something"),
        ({"tool": "model", "arguments": {}}, "doesn't say what the call should show: something"),
        ({"tests": {"entity": "P1", "direction": "up", "required": True}}, "calls no tool"),
        ({"tool": "m", "tests": {"x": 1}}, "something"),
    ],
)
def test_a_step_that_says_nothing_is_refused(call: dict | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_step(Step(text="something", call=call))


def test_plans_differ_in_what_they_ask_beside_the_required(study: ScriptedStudy) -> None:
    finding = make_finding(implications=[REQUIRED, WITHIN, PLAIN])
    study.context.steps.ledger.record(Proposed(hypothesis=HYPOTHESIS, finding=finding), "h1")
    plans = [[step.text for step in plan] for plan in list_plans(HYPOTHESIS, 5, study)]
    assert plans == [["it holds", "within", "plain"], ["it holds", "within"], ["it holds"]]
    assert len(list_plans(HYPOTHESIS, 2, study)) == 2
    alone = finding.model_copy(update={"implications": [REQUIRED]})
    study.context.steps.ledger.record(Proposed(hypothesis=HYPOTHESIS, finding=alone), "h2")
    assert len(list_plans(HYPOTHESIS.model_copy(update={"id": "h2"}), 5, study)) == 1
    assert list_plans(HYPOTHESIS.model_copy(update={"id": "h3"}), 5, study) == []


def test_a_version_holds_its_implications(study: ScriptedStudy) -> None:
    version, cause, detail = build(study, REQUIRED, WITHIN)
    assert version is not None
    assert (version.id, version.hypothesis, version.plan) == ("h1-p1-v", "h1", "h1-p1")
    assert version.summary == "2 tests of: GEN1 is higher"
    assert load_implications(version, study) == [REQUIRED, WITHIN]
    assert (cause, detail) == ("", "")


@pytest.mark.parametrize(
    ("implications", "fault"),
    [
        ([WITHIN], "no test of the plan is required: nothing could refute the hypothesis"),
        ([make_implication(call={"tool": "unheard", "arguments": {}})], "it holds: "),
        ([make_implication(call={"tool": "model", "arguments": {**ARGUMENTS, "case": "absent"}})], "it holds: "),
        ([REQUIRED, WITHIN.model_copy(update={"subset": Subset(column="site", level="west")})], "no samples with site west"),
        ([REQUIRED, WITHIN.model_copy(update={"subset": Subset(column="town", level="north")})], "no samples with town north"),
        ([REQUIRED, WITHIN.model_copy(update={"subset": Subset(without="P9")})], "no feature P9"),
    ],
)  # fmt: skip
def test_a_plan_with_a_fault_gives_no_version(
    study: ScriptedStudy, implications: list[Implication], fault: str
) -> None:
    version, cause, detail = build(study, *implications)
    assert (version, cause) == (None, CAUSE)
    assert detail.startswith(fault)


def test_a_known_feature_may_be_left_out(study: ScriptedStudy) -> None:
    version, _, _ = build(study, REQUIRED, WITHIN.model_copy(update={"subset": Subset(without="P2")}))
    assert version is not None
