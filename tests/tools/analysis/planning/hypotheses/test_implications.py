"""What a finding implies for other samples: one required test, and further ones that a true finding passes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.analysis.planning.examples import (
    COLUMNS,
    COVARIATES,
    DESIGN,
    GROUP,
    OBJECTIVE,
    list_tools,
    make_finding,
    make_row,
    make_tool,
    make_view,
)
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.findings import Implication, Subset
from tools.analysis.packs.spec import Parameter, Relation
from tools.analysis.planning.exploration import make_search
from tools.analysis.planning.hypotheses.implications import list_implications
from tools.analysis.planning.records import Explored, Objective
from tools.analysis.states import State

TESTED = {"group": "arm", "case": "treated", "control": "plain"}
MODEL = {"tool": "model", "arguments": {**TESTED, "covariates": ["age", "site"]}}
FILTER, LOG = {"tool": "filter", "arguments": {}}, {"tool": "log", "arguments": {}}


@pytest.fixture
def study(world: World) -> ScriptedStudy:
    return make_scripted_study(
        world, view=make_view(groups={"north": {"treated": 9, "plain": 5}, "south": {"treated": 9}})
    )


def imply(study: ScriptedStudy, objective: Objective = OBJECTIVE, **fields: Any) -> dict[str, list[Implication]]:
    """Implications by their role."""
    finding = make_finding(**{"calls": [MODEL], **fields})
    found: dict[str, list[Implication]] = {}
    for each in list_implications(finding, make_search(objective, study), study):
        found.setdefault(each.role, []).append(each)
    return found


def test_the_primary_one_alone_is_required_and_says_its_model(study: ScriptedStudy) -> None:
    found = imply(study)
    assert [(each.role, each.required) for several in found.values() for each in several] == [
        ("primary", True), ("unadjusted", False), ("other tool", False), ("batch", False),
    ]  # fmt: skip
    (primary,) = found["primary"]
    assert primary.text.endswith(", on samples kept apart with age, site in the model")
    assert (primary.call, primary.entity, primary.direction, primary.subset) == (MODEL, "P1", "up", Subset())


def test_without_adjustment_the_covariates_are_gone(study: ScriptedStudy) -> None:
    (plain,) = imply(study)["unadjusted"]
    assert plain.call == {"tool": "model", "arguments": TESTED}
    (later,) = imply(study, calls=[LOG, MODEL])["unadjusted"]
    assert later.preparation == [LOG]
    assert "unadjusted" not in imply(study, calls=[plain.call])


def test_another_tool_is_asked_only_where_it_tells_of_the_entity(study: ScriptedStudy) -> None:
    (other,) = imply(study)["other tool"]
    assert other.call["tool"] == "t_test" and other.text == "The same direction by t_test"
    (other,) = imply(study, calls=[{"tool": "t_test", "arguments": TESTED}])["other tool"]
    assert other.call["tool"] == "model"
    object.__setattr__(study, "answer", lambda calls: ("", [make_row("P2")]))
    assert "other tool" not in imply(study)


def test_a_tool_that_can_rank_is_asked_by_ranks(study: ScriptedStudy) -> None:
    scale = Parameter("scale", {"enum": ["linear", "rank"]}, "", "linear", required=False)
    tools = list_tools() | {"model": make_tool("model", *GROUP, COVARIATES, scale)}
    object.__setattr__(study, "specs", tools)
    (ranks,) = imply(study)["other tool"]
    assert ranks.call["arguments"] == {**MODEL["arguments"], "scale": "rank"}


def test_each_batch_with_enough_samples_is_asked_without_its_column(study: ScriptedStudy) -> None:
    (north,) = imply(study)["batch"]
    assert north.subset == Subset(column="site", level="north")
    assert north.call["arguments"] == {**TESTED, "covariates": ["age"]}
    assert "batch" not in imply(study, OBJECTIVE.model_copy(update={"subject": "site"}))


def test_a_batch_needs_ten_samples_where_no_group_is_compared(study: ScriptedStudy) -> None:
    outcome = OBJECTIVE.model_copy(update={"id": "feature ~ load", "subject": "load"})
    sizes = {"north": 10, "south": 9}
    columns = {**study.view.columns, "site": study.view.columns["site"].__class__(False, sizes, 0)}
    object.__setattr__(study, "view", make_view(columns=columns))
    assert [each.subset.level for each in imply(study, outcome)["batch"]] == ["north"]


def test_a_filter_that_nothing_needs_is_left_out_for_single_features(study: ScriptedStudy) -> None:
    (primary,) = imply(study, calls=[LOG, FILTER, MODEL])["primary"]
    assert primary.preparation == [LOG]
    needing = list_tools() | {"model": make_tool("model", *GROUP, COVARIATES, requires=frozenset({State.FILTERED}))}
    object.__setattr__(study, "specs", needing)
    (primary,) = imply(study, calls=[LOG, FILTER, MODEL])["primary"]
    assert primary.preparation == [LOG, FILTER]


SET = OBJECTIVE.model_copy(update={"id": "set ~ arm", "relation": "set ~ group", "family": "sets"})


def test_a_set_is_tested_without_its_strongest_member(study: ScriptedStudy) -> None:
    rows = [make_row("P1", r=0.9), make_row("P2", r=0.4), make_row("P3", r=-0.95)]
    table = study.context.artifacts.put_json([row.model_dump(mode="json") for row in rows])
    row = make_row("SET", members=["P2", "P1", "P3"])
    assert "without strongest" not in imply(study, SET, row=row, relation="set ~ group")  # no test of features was made
    study.context.steps.ledger.record(Explored(objective=OBJECTIVE, table=table), OBJECTIVE.id)
    (up,) = imply(study, SET, row=row, relation="set ~ group")["without strongest"]
    assert up.subset == Subset(without="P1") and "GEN1 (P1)" in up.text
    (down,) = imply(study, SET, row=row, relation="set ~ group", direction="down")["without strongest"]
    assert down.subset == Subset(without="P3")
    pair = make_row("SET", members=["P1", "P2"])
    assert "without strongest" not in imply(study, SET, row=pair, relation="set ~ group")


def test_a_module_is_tested_by_its_members(study: ScriptedStudy) -> None:
    objective = OBJECTIVE.model_copy(update={"id": "module ~ arm", "relation": "module ~ group", "family": "sets"})
    find = make_tool("modules", *GROUP, relation=Relation.MODULE_GROUP)
    members = Parameter("members", COLUMNS, "feature")
    label = Parameter("label", {"type": "string"}, "", "", required=False)
    score = make_tool("members_score", *GROUP, members, label, relation=Relation.MODULE_GROUP)
    calls = [LOG, {"tool": "modules", "arguments": TESTED}]
    row = make_row("module of P1", members=["P1", "P2"])
    object.__setattr__(study, "specs", list_tools() | {"modules": find})
    assert imply(study, objective, row=row, relation="module ~ group", calls=calls) == {}
    object.__setattr__(study, "specs", list_tools() | {"modules": find, "members_score": score})
    (primary,) = imply(study, objective, row=row, relation="module ~ group", calls=calls)["primary"]
    assert primary.preparation == [LOG]
    assert primary.call == {
        "tool": "members_score", "arguments": {**TESTED, "members": ["P1", "P2"], "label": "module of P1"},
    }  # fmt: skip


def test_of_a_model_of_all_features_nothing_further_is_asked(study: ScriptedStudy) -> None:
    objective = OBJECTIVE.model_copy(update={"id": "arm ~ features", "relation": "group ~ features"})
    assert list(imply(study, objective, relation="group ~ features")) == ["primary"]
    assert DESIGN.batch == "site"
