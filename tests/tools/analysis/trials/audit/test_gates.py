"""The mechanical gates: each finds its fault, and nothing in a finding that is as its artifacts say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pelagos.nouns import Hypothesis
from tests.tools.analysis.planning.examples import DESIGN, OBJECTIVE, make_finding, make_row
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.findings import Finding
from tools.analysis.planning.hypotheses.caveats import Caveat
from tools.analysis.planning.hypotheses.statements import write_statement, write_title
from tools.analysis.trials.audit import gates

ROW = make_row("P1", r=0.62)
CALL = {"tool": "t_test", "arguments": {"group": "arm", "case": "treated", "control": "plain"}}


@pytest.fixture
def study(world: World) -> ScriptedStudy:
    return make_scripted_study(world)


def make(study: ScriptedStudy, **fields: Any) -> tuple[Hypothesis, Finding]:
    rows = fields.pop("rows", [ROW])
    artifacts = [study.context.artifacts.put_json([row.model_dump(mode="json") for row in rows])]
    title = write_title(ROW, study.view.name("P1"), "up", OBJECTIVE, study.task.design)
    made = make_finding(**{"row": ROW, "title": title, "artifacts": artifacts, **fields})
    hypothesis = Hypothesis(
        id="h1", title=title, statement=write_statement(title, ROW, "unadjusted", [], []),
        rationale="Found by t_test.", refuted_by="n", target=OBJECTIVE.id,
    )  # fmt: skip
    return hypothesis, made


def test_a_finding_as_its_table_says_passes(study: ScriptedStudy) -> None:
    hypothesis, finding = make(study)
    assert gates.check_numbers(hypothesis, finding, study) == []
    assert gates.check_entity(finding, study) == []
    assert gates.check_direction(hypothesis, finding, OBJECTIVE, study) == []
    assert gates.check_background(finding, study) == []


def test_each_number_of_the_words_is_in_an_artifact(study: ScriptedStudy) -> None:
    hypothesis, finding = make(study)
    for field in ("title", "statement", "rationale"):
        told = hypothesis.model_copy(update={field: f"{getattr(hypothesis, field)} It is 3.71 times as high."})
        assert gates.check_numbers(told, finding, study) == ["numbers that match no artifact: 3.71"]


def test_the_entity_is_in_the_table_and_a_feature_in_the_data(study: ScriptedStudy) -> None:
    _, absent = make(study, rows=[make_row("P2")])
    assert gates.check_entity(absent, study) == ["P1 is not in the table that the finding rests on"]
    _, foreign = make(study, row=make_row("P9"), rows=[make_row("P9")])
    assert gates.check_entity(foreign, study) == ["P9 is no feature of the data"]
    _, outcome = make(study, row=make_row("SET"), rows=[make_row("SET")], relation="set ~ group")
    assert gates.check_entity(outcome, study) == []


def test_the_direction_is_that_of_the_table_and_is_said(study: ScriptedStudy) -> None:
    hypothesis, finding = make(study, rows=[make_row("P1", r=-0.3)])
    assert gates.check_direction(hypothesis, finding, OBJECTIVE, study) == [
        "the table shows P1 in the other direction (r = -0.30)"
    ]
    _, finding = make(study)
    silent = hypothesis.model_copy(update={"statement": "GEN1 differs."})
    assert gates.check_direction(silent, finding, OBJECTIVE, study) == [
        "the statement doesn't say what the table shows"
    ]
    _, absent = make(study, rows=[])
    assert gates.check_direction(silent, absent, OBJECTIVE, study) == []


def test_a_sets_members_are_measured(study: ScriptedStudy) -> None:
    row = make_row("SET", members=["P1", "GEN2", "FOREIGN", "OTHER"])
    _, finding = make(study, row=row, rows=[row], relation="set ~ group")
    assert gates.check_background(finding, study) == ["2 members of SET aren't among the measured features"]
    _, feature = make(study, row=row, rows=[row])
    assert gates.check_background(feature, study) == []


def test_the_batch_is_in_the_model_or_said(study: ScriptedStudy) -> None:
    _, adjusted = make(study)
    assert gates.check_batch(adjusted, study) == []
    _, silent = make(study, calls=[CALL])
    assert gates.check_batch(silent, study) == ["site isn't in the model of the test, and the finding doesn't say so"]
    _, said = make(study, calls=[CALL], caveats=["site isn't in the model of the test"])
    assert gates.check_batch(said, study) == []


def test_cells_of_a_subject_are_not_independent_where_subjects_are_compared(study: ScriptedStudy) -> None:
    row = make_row("P1").model_copy(update={"extra": {"unit_of_analysis": "cell"}})
    _, finding = make(study, row=row, rows=[row])
    assert gates.check_unit(finding, study) == []  # no subject is named
    object.__setattr__(study.task, "design", DESIGN.model_copy(update={"subject": "donor"}))
    assert "its cells were counted as independent" in gates.check_unit(finding, study)[0]
    _, by_sample = make(study)
    assert gates.check_unit(by_sample, study) == []
    object.__setattr__(study, "view", replace(study.view, paired=True))
    assert gates.check_unit(finding, study) == []


def test_what_may_be_circular_is_said(study: ScriptedStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def find(path: object, design: object, features: list[str]) -> list[Caveat]:
        asked.append(features)
        return [Caveat(about="P1", text="from GEN1 itself")]

    monkeypatch.setattr(gates, "find_circularity", find)
    row = make_row("SET", members=["GEN2", "P1"])
    hypothesis, finding = make(study, row=row, rows=[row], relation="set ~ group", objective="set ~ arm")
    assert gates.check_circularity(hypothesis, finding, study) == [
        "it doesn't say that it may be circular: from GEN1 itself"
    ]
    assert asked == [["P2", "P1"]]
    told = hypothesis.model_copy(update={"statement": f"{hypothesis.statement} Caveat: circular."})
    assert gates.check_circularity(told, finding, study) == []
    _, outcome = make(study, objective="feature ~ load")
    assert gates.check_circularity(hypothesis, outcome, study) == []
