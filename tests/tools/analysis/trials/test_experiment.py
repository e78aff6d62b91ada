"""Versions of analyses are run on a split: what is asked of it together, and what is kept."""

from __future__ import annotations

from copy import copy

import pytest

from pelagos.nouns import OutcomeKind, Version
from tests.tools.analysis.planning.examples import make_implication
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.findings import Implication, Subset
from tools.analysis.trials.experiment import BASELINE, group, run_trial
from tools.analysis.trials.results import load_results, mean_e


def test_tests_on_the_same_samples_are_carried_out_together_the_required_one_first() -> None:
    further = make_implication(required=False, call={"tool": "other", "arguments": {}})
    within = make_implication(required=False, subset=Subset(column="site", level="north"))
    batches = list(group([further, within, make_implication()]))
    assert [len(batch.tests) for batch in batches] == [2, 1]
    assert [call["tool"] for call in batches[0].test_calls] == ["model", "other"]


def test_one_call_serves_several_tests() -> None:
    other = make_implication(entity="P2", required=False)
    (batch,) = group([make_implication(), other])
    assert len(batch.test_calls) == 1


@pytest.fixture
def study(world: World) -> ScriptedStudy:
    return make_scripted_study(world)


def record(study: ScriptedStudy, *implications: Implication) -> Version:
    content = study.context.artifacts.put_json([each.model_dump(mode="json") for each in implications])
    return Version(id="v", hypothesis="h1", plan="h1-p1", content=content)


WITHIN = make_implication(required=False, role="batch", subset=Subset(column="site", level="north"))


def test_a_version_is_run_once_on_the_split_and_its_parts(study: ScriptedStudy) -> None:
    version = record(study, make_implication(), WITHIN)
    made = run_trial(version, 3, "sealed", study)
    assert (made.version, made.hypothesis, made.seed, made.split) == ("v", "h1", 3, "sealed")
    assert (made.outcome, made.score, made.data, made.cause) == (OutcomeKind.OK, 0.6, "bytes of sealed", "")
    assert made.seconds == 4.0 and made.isolation == study.context.sandbox.name
    assert [(split, subset) for _, split, subset in study.runs] == [("sealed", Subset()), ("sealed", WITHIN.subset)]
    assert run_trial(version, 3, "sealed", study) == made and len(study.runs) == 2
    assert run_trial(version, 3, "validation", study).id != made.id


def test_what_the_tests_leave_is_kept(study: ScriptedStudy) -> None:
    made = run_trial(record(study, make_implication(), WITHIN), 0, "validation", study)
    store = study.context.artifacts
    first, second = load_results(made, study.context)
    assert (first.implication.required, first.r, second.implication.role) == (True, 0.6, "batch")
    assert store.text(made.files["provenance"]) == "model()\nmodel()"
    assert store.text(made.files["log"]) == f"mean e-value of 2 tests: {mean_e([first, second]):.3g}\nsaid\nsaid"
    assert [row["entity"] for row in store.json(made.files["table-1-0"])] == ["P1", "P2"]


def test_an_entity_without_a_row_makes_the_result_invalid(study: ScriptedStudy) -> None:
    made = run_trial(record(study, make_implication(entity="P9")), 0, "validation", study)
    assert (made.outcome, made.cause, made.score) == (OutcomeKind.INVALID, "no result for P9", None)


def test_a_failed_call_is_the_experiments_outcome(study: ScriptedStudy) -> None:
    object.__setattr__(study, "answer", lambda calls: ("rank-deficient", []))
    made = run_trial(record(study, make_implication()), 0, "validation", study)
    assert (made.outcome, made.cause, made.score) == (OutcomeKind.ERROR, "rank-deficient", None)


def test_the_data_as_they_are_score_0_and_show_their_summary(study: ScriptedStudy) -> None:
    small = copy(study)
    object.__setattr__(small, "keeps_samples_apart", False)
    baseline = Version(id=BASELINE, hypothesis=None, plan=None, content="none")
    made = run_trial(baseline, 0, "validation", small)
    assert (made.score, made.hypothesis, study.runs) == (0.0, None, [])
    assert study.context.artifacts.json(made.files["summary"])["samples"] == 40
