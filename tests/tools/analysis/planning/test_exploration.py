"""The exploration of an objective without a sandbox: runs are answered by a script."""

from collections.abc import Sequence
from copy import copy

import pytest

from pelagos.nouns import Hypothesis, Plan
from tests.tools.analysis.planning.examples import OBJECTIVE, make_row
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call
from tools.analysis.planning import exploration
from tools.analysis.planning.records import Revision
from tools.analysis.trials.build import TOO_FEW, build_version, make_step


@pytest.fixture
def study(world: World, monkeypatch: pytest.MonkeyPatch) -> ScriptedStudy:
    monkeypatch.setattr("tools.analysis.planning.hypotheses.describe.find_confounding", lambda *args: [])
    monkeypatch.setattr("tools.analysis.planning.hypotheses.describe.find_circularity", lambda *args: [])
    return make_scripted_study(world)


def test_the_best_workflow_by_the_verifier_is_carried_out(study: ScriptedStudy, world: World) -> None:
    world.rank = lambda works: [2, *(place for place in range(len(works)) if place != 2)]  # type: ignore[method-assign]
    explored = exploration.explore(OBJECTIVE, study, "opening")
    offered = world.ledger.facts(exploration.Ranking)[OBJECTIVE.id].workflows
    assert explored.calls == offered[2]
    assert [finding.title for finding in explored.findings] == [
        "GEN1 (P1) is higher in treated than in plain",
        "GEN2 (P2) is lower in treated than in plain",
    ]
    roles = [each.role for each in explored.findings[0].implications]
    assert roles[0] == "primary" and "unadjusted" in roles


def test_a_covariate_that_cant_be_told_apart_is_left_out_and_the_revision_is_on_record(
    study: ScriptedStudy, world: World
) -> None:
    def answer(calls: Sequence[Call]) -> tuple[str, list[Row]]:
        collinear = calls[-1]["arguments"].get("covariates") == ["age", "site"]
        return ("rank-deficient", []) if collinear else ("", [make_row("P1")])

    object.__setattr__(study, "answer", answer)
    explored = exploration.explore(OBJECTIVE, study, "opening")
    assert explored.calls[-1]["arguments"]["covariates"] == ["site"]
    (revision,) = world.ledger.facts(Revision).values()
    assert "age" in revision.reason and revision.before != revision.after == explored.calls


def test_after_the_last_workflow_the_failure_is_said(study: ScriptedStudy, world: World) -> None:
    object.__setattr__(study, "answer", lambda calls: ("out of order", []))
    explored = exploration.explore(OBJECTIVE, study, "opening")
    assert explored.failure == "out of order" and explored.findings == []
    assert sum("the next workflow is tried" in each.reason for each in world.ledger.facts(Revision).values()) == 2


def test_a_test_that_the_samples_dont_permit_is_not_asked_again(study: ScriptedStudy, world: World) -> None:
    object.__setattr__(study, "answer", lambda calls: ("singular", []) if calls[-1]["tool"] == "model" else ("", []))
    explored = exploration.explore(OBJECTIVE, study, "opening")
    asked = [calls[-1] for calls, _, _ in study.runs if calls[-1]["tool"] == "model"]
    assert explored.failure == "singular" and len(asked) == 2  # with the covariate, and once without


def test_an_objective_is_explored_once(study: ScriptedStudy) -> None:
    first = exploration.explore(OBJECTIVE, study, "opening")
    object.__setattr__(study, "answer", lambda calls: pytest.fail("carried out again"))
    assert exploration.explore(OBJECTIVE, study, "opening") == first


def test_a_strong_model_chooses_a_further_test_and_what_it_contradicts_is_dropped(
    study: ScriptedStudy, world: World
) -> None:
    world.role_model.strong = True
    world.role_model.script = lambda schema, prompt: {"tool": "t_test"}

    def answer(calls: Sequence[Call]) -> tuple[str, list[Row]]:
        other = calls[-1]["tool"] == "t_test"
        return "", [make_row("P1"), make_row("P2", r=-0.5 if other else 0.5)]

    object.__setattr__(study, "answer", answer)
    explored = exploration.explore(OBJECTIVE, study, "opening")
    assert [finding.entity for finding in explored.findings] == ["P1"]
    assert [(each.entity, each.reason) for each in explored.dropped] == [
        ("P2", "t_test shows it in the other direction")
    ]
    assert next(iter(world.ledger.facts(Revision).values())).by == "planner"


def test_a_model_that_is_worse_than_chance_is_no_row_of_its_objective(study: ScriptedStudy) -> None:
    objective = OBJECTIVE.model_copy(
        update={"id": "arm ~ features", "relation": "group ~ features", "family": "others"}
    )
    search = exploration.make_search(objective, study)
    rows = [make_row("panel of 10", r=-0.4), make_row("panel of 20", r=0.3)]
    object.__setattr__(study, "answer", lambda calls: ("", rows))
    study_run = study.run([{"tool": "model", "arguments": {}}])
    assert [row.entity for row in exploration.list_rows(study_run, search, study)] == ["panel of 20"]


def test_where_no_samples_are_kept_apart_nothing_is_built(study: ScriptedStudy) -> None:
    explored = exploration.explore(OBJECTIVE, study, "opening")
    steps = [make_step(each) for each in explored.findings[0].implications if each.required]
    hypothesis = Hypothesis(id="h1", title="t", statement="s", rationale="r", refuted_by="n", target=OBJECTIVE.id)
    plan = Plan(id="h1-p1", hypothesis="h1", steps=steps)
    assert build_version(hypothesis, plan, study).version == "h1-p1-v"
    small = copy(study)
    object.__setattr__(small, "keeps_samples_apart", False)
    build = build_version(hypothesis, plan, small)
    assert (build.version, build.cause) == (None, TOO_FEW)
