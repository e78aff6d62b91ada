"""What a mediated effect implies; runs are answered by a script."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.tools.analysis.planning.examples import GROUP, OBJECTIVE, TEXT, make_finding, make_row, make_tool
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call, Finding
from tools.analysis.packs.spec import Parameter, Relation
from tools.analysis.planning.exploration import make_search
from tools.analysis.planning.hypotheses.implications import list_implications
from tools.analysis.planning.hypotheses.mediated_paths import list_paths
from tools.analysis.planning.records import Objective

NAMES = {"type": "array", "items": TEXT}
LISTED = {
    name: Parameter(name, NAMES, "variable", (), required=False) for name in ("predictors", "outcomes", "covariates")
}
OUTCOME = Parameter("outcome", TEXT, "variable")
TOOLS = {
    "relate": make_tool(
        "relate", OUTCOME, LISTED["predictors"], LISTED["covariates"], relation=Relation.FEATURE_NUMERIC
    ),
    "compare": make_tool("compare", *GROUP, LISTED["outcomes"], LISTED["covariates"]),
    "mediate": make_tool(
        "mediate",
        *(Parameter(name, TEXT, "variable") for name in ("outcome", "exposure", "mediator")),
        LISTED["covariates"],
        relation=Relation.MEDIATION,
    ),
}


def objective(exposure: str) -> Objective:
    update = {"id": f"{exposure} -> P2 ~ load", "relation": "mediated ~ mediator", "subject": "load"}
    return OBJECTIVE.model_copy(update={**update, "chain": (exposure, "load", "P2")})


def finding(exposure: str) -> Finding:
    arguments = {"exposure": exposure, "mediator": "load", "outcome": "P2", "covariates": ["age", "site"]}
    row = make_row("mediated effect")
    return make_finding(row, relation="mediated ~ mediator", calls=[{"tool": "mediate", "arguments": arguments}])


@pytest.fixture
def study(world: World) -> ScriptedStudy:
    made = make_scripted_study(world)
    made.specs.clear()  # type: ignore[attr-defined]
    made.specs.update(TOOLS)  # type: ignore[attr-defined]
    return made


def show(study: ScriptedStudy, first: float, second: float) -> None:
    def answer(calls: Sequence[Call]) -> tuple[str, list[Row]]:
        to_mediator = "load" in (calls[0]["arguments"].get("outcome"), *calls[0]["arguments"].get("outcomes", ()))
        return "", [make_row(name, r=first if to_mediator else second) for name in ("P1", "load", "P2")]

    object.__setattr__(study, "answer", answer)


def test_both_paths_are_required_and_the_exposure_is_in_the_model_of_the_second(study: ScriptedStudy) -> None:
    show(study, -0.4, -0.3)
    made = list_implications(finding("P1"), make_search(objective("P1"), study), study)
    assert [(each.role, each.required) for each in made] == [
        ("primary", True),
        ("path", True),
        ("path", True),
        ("unadjusted", False),
    ]
    first, second = made[1:3]
    assert (first.entity, first.direction, second.entity, second.direction) == ("P1", "down", "load", "down")
    expected = {"outcome": "load", "predictors": ["P1"], "covariates": ["age", "site"]}
    assert first.call == {"tool": "relate", "arguments": expected}
    assert second.call["arguments"] == {"outcome": "P2", "predictors": ["load"], "covariates": ["age", "site", "P1"]}


def test_of_groups_the_first_path_is_a_difference(study: ScriptedStudy) -> None:
    show(study, 0.4, 0.3)
    first, second = list_paths(finding("arm"), make_search(objective("arm"), study), study)
    assert (first.call["tool"], first.entity, first.call["arguments"]["outcomes"]) == ("compare", "load", ["load"])
    assert second.call["arguments"]["covariates"] == ["age", "site", "arm"]


def test_paths_that_make_another_sign_leave_nothing_to_test(study: ScriptedStudy) -> None:
    show(study, 0.4, -0.3)
    assert list_implications(finding("P1"), make_search(objective("P1"), study), study) == []


def test_where_no_tool_tests_the_paths_nothing_is_implied(study: ScriptedStudy) -> None:
    del study.specs["relate"]  # type: ignore[attr-defined]
    assert list_paths(finding("P1"), make_search(objective("P1"), study), study) == []
