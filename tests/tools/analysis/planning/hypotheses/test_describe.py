"""Findings are rows in words, with what weakens them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.analysis.planning.examples import OBJECTIVE, make_row, make_view
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Finding
from tools.analysis.planning.exploration import make_search
from tools.analysis.planning.hypotheses.caveats import Caveat
from tools.analysis.planning.hypotheses.describe import describe_findings, resolve_features
from tools.analysis.planning.hypotheses.selection import Selection
from tools.analysis.planning.records import Objective

TESTED = {"group": "arm", "case": "treated", "control": "plain"}
PLAIN = {"tool": "t_test", "arguments": TESTED}
ADJUSTED = {"tool": "model", "arguments": {**TESTED, "covariates": ["age", "site"]}}
CIRCULAR = [Caveat(about="P1", text="circular, strongest"), Caveat(about="P2", text="circular, weaker")]


@pytest.fixture
def study(world: World, monkeypatch: pytest.MonkeyPatch) -> ScriptedStudy:
    place = "tools.analysis.planning.hypotheses.describe"
    monkeypatch.setattr(f"{place}.find_confounding", lambda *args: [Caveat(about="age", text="unbalanced over age")])
    monkeypatch.setattr(f"{place}.find_circularity", lambda path, design, features: CIRCULAR if features else [])
    return make_scripted_study(world)


def describe(
    study: ScriptedStudy, row: Row, call: Any = ADJUSTED, objective: Objective = OBJECTIVE, similar: Any = ()
) -> Finding:
    run = study.run([call])
    selection = Selection([row], [], 1, {row.entity: list(similar)})
    (finding,) = describe_findings(selection, run, make_search(objective, study), study)
    return finding


def test_a_finding_is_said_with_its_table_and_the_strongest_caveat(study: ScriptedStudy) -> None:
    finding = describe(study, make_row("P1"))
    assert finding.id == "feature ~ arm/P1" and finding.context.endswith("with age and site in the model")
    assert finding.statement.endswith("Caveat: circular, strongest.")
    assert finding.caveats == ["circular, strongest", "circular, weaker", "unbalanced over age"]
    table, numbers = (study.context.artifacts.json(artifact) for artifact in finding.artifacts)
    assert [row["entity"] for row in table] == ["P1", "P2"] and len(numbers) == 3


def test_what_isnt_significant_is_suggestive(study: ScriptedStudy) -> None:
    line = "suggestive only: not significant on the discovery samples (q = 0.28)"
    assert describe(study, make_row("P1", q=0.28)).caveats[-1] == line
    assert line not in describe(study, make_row("P1", q=0.1)).caveats
    without_q = make_row("P1").model_copy(update={"q": None})
    assert describe(study, without_q).caveats[-1].endswith("(q = 1)")


def test_a_batch_outside_the_model_is_said(study: ScriptedStudy) -> None:
    assert describe(study, make_row("P1"), PLAIN).caveats[-1] == "site isn't in the model of the test"
    assert "site isn't in the model of the test" not in describe(study, make_row("P1")).caveats


def test_what_isnt_about_the_group_is_neither_circular_nor_confounded_by_it(study: ScriptedStudy) -> None:
    outcome = OBJECTIVE.model_copy(update={"id": "feature ~ load", "subject": "load", "relation": "feature ~ numeric"})
    assert describe(study, make_row("P1"), objective=outcome).caveats == []


def test_three_likes_at_most_are_named_each_entity_once(study: ScriptedStudy) -> None:
    finding = describe(study, make_row("S", members=["P1", "P2"]), similar=["A", "B", "C", "D"])
    assert finding.entities == ["S", "P1", "P2", "A", "B", "C"]
    assert "Nearly the same members have A, B and C." in finding.statement


def test_names_are_resolved_to_the_first_feature_of_that_name(world: World) -> None:
    study = make_scripted_study(world, view=make_view(features={"P1": "GEN", "P2": "GEN", "P3": "OTHER"}))
    assert resolve_features(["GEN", "P2", "SET", "OTHER", "P2"], study) == ["P1", "P2", "P3"]
