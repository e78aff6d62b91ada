"""The audit of a version: what its gates and its null control find, recorded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pelagos.nouns import Hypothesis, Version
from tests.tools.analysis.planning.examples import DESIGN, OBJECTIVE, make_finding, make_row
from tests.tools.analysis.planning.scripted_study import ScriptedStudy, make_scripted_study
from tests.tools.world import World
from tools.analysis.execution.analysis import Permutation
from tools.analysis.findings import Finding, Subset
from tools.analysis.planning.hypotheses.statements import write_statement, write_title
from tools.analysis.planning.records import CallsRun, Proposed
from tools.analysis.trials.audit import gates
from tools.analysis.trials.audit.audit import CHECKS, Audited, audit_version
from tools.analysis.trials.audit.null_control import SEEDS, make_permutation, run_null_control

ROW = make_row("P1")
VERSION = Version(id="v", hypothesis="h1", plan="p", content="c")


class PermutedStudy(ScriptedStudy):
    """`permuted` maps the seed of a permutation to the rows that its labels show; `asked` are the permutations."""

    permuted: Any
    asked: list[Any]

    def run(self, calls: Sequence[Any], split: str = "discovery", subset: Any = None, **more: Any) -> CallsRun:
        permutation = more.get("permute") or (subset if subset is not None and subset.shuffled else None)
        if permutation is not None:
            self.asked.append(permutation)
            object.__setattr__(self, "answer", lambda _: self.permuted(permutation.seed))
        return super().run(calls, split, subset)


@pytest.fixture
def study(world: World, monkeypatch: pytest.MonkeyPatch) -> PermutedStudy:
    monkeypatch.setattr(gates, "find_circularity", lambda *args: [])
    made = make_scripted_study(world)
    made.__class__ = PermutedStudy
    object.__setattr__(made, "asked", [])
    object.__setattr__(made, "permuted", lambda seed: ("", [make_row("P1", r=0.1, p=0.6)]))
    return made  # type: ignore[return-value]


def propose(study: ScriptedStudy, **fields: Any) -> Finding:
    title = write_title(ROW, study.view.name("P1"), "up", OBJECTIVE, DESIGN)
    artifacts = [study.context.artifacts.put_json([ROW.model_dump(mode="json")])]
    finding = make_finding(**{"row": ROW, "artifacts": artifacts, **fields})
    statement = fields.get("statement", write_statement(title, ROW, "adjusted", [], []))
    hypothesis = Hypothesis(id="h1", title=title, statement=statement, rationale="r", refuted_by="n", target="t")
    study.context.steps.ledger.record(Proposed(hypothesis=hypothesis, finding=finding), "h1")
    return finding


def test_a_sound_version_has_no_findings_and_is_permuted_five_times(study: PermutedStudy) -> None:
    propose(study)
    audit = audit_version(VERSION, [], [OBJECTIVE], study)
    assert (audit.id, audit.findings, audit.checks) == ("v", [], CHECKS)
    assert sorted(each.seed for each in study.asked) == sorted(SEEDS) and len(set(SEEDS)) == 5
    (kept,) = study.context.steps.ledger.facts(Audited).values()
    assert (kept.hypothesis, kept.permutations, kept.as_extreme, kept.findings) == ("h1", 5, 0, [])
    assert kept.scores is not None and kept.scores.reliability == 3
    audit_version(VERSION, [], [OBJECTIVE], study)
    assert len(study.asked) == 5  # recorded


def test_what_permuted_labels_show_as_well_is_found(study: PermutedStudy) -> None:
    propose(study)
    object.__setattr__(study, "permuted", lambda seed: ("", [make_row("P1", p=1e-9)]))
    audit = audit_version(VERSION, [], [OBJECTIVE], study)
    assert audit.findings == ["permuted labels show P1 as extreme 5 of 5 times (p = 0.0005)"]
    (kept,) = study.context.steps.ledger.facts(Audited).values()
    assert (kept.findings, kept.as_extreme) == (audit.findings, 5)
    assert kept.scores is not None and kept.scores.reliability == 1


def test_where_a_gate_fails_no_labels_are_permuted(study: PermutedStudy) -> None:
    propose(study, statement="GEN1 differs.")
    audit = audit_version(VERSION, [], [OBJECTIVE], study)
    assert audit.findings == ["the statement doesn't say what the table shows"]
    assert (study.asked, audit.checks) == ([], CHECKS[:-1])


def test_a_null_control_that_cant_be_run_is_a_finding(study: PermutedStudy) -> None:
    finding = propose(study)
    object.__setattr__(study, "permuted", lambda seed: ("rank-deficient", []))
    assert run_null_control(finding, study).findings == ["the null control can't be run: rank-deficient"]


def test_without_a_finding_or_its_objective_nothing_is_believed(study: PermutedStudy) -> None:
    assert audit_version(VERSION, [], [OBJECTIVE], study).findings == ["no finding stands behind it"]
    propose(study)
    assert audit_version(VERSION, [], [], study).findings == ["no objective feature ~ arm in this task"]


def test_labels_are_permuted_within_batches_or_subjects(study: PermutedStudy) -> None:
    finding = propose(study)
    assert make_permutation(finding, 7, study) == Permutation("arm", "site", 7)
    design = DESIGN.model_copy(update={"subject": "person", "time": "weeks", "event": "death"})
    object.__setattr__(study.task, "design", design)
    survival = finding.model_copy(update={"relation": "feature ~ survival", "objective": "feature ~ death"})
    assert make_permutation(survival, 7, study).column == "weeks"
    assert make_permutation(finding, 7, study).units == make_permutation(survival, 7, study).units == "person"
    assert make_permutation(survival, 7, study).together == ("death",)
    batch = finding.model_copy(update={"objective": "feature ~ site"})
    assert make_permutation(batch, 7, study).within is None
    object.__setattr__(study, "view", replace(study.view, paired=True))
    assert make_permutation(finding, 7, study) == Permutation("arm", "person", 7)


def test_of_a_plain_table_the_feature_itself_is_shuffled(study: PermutedStudy) -> None:
    finding = propose(study, objective="feature ~ P2", relation="feature ~ feature")
    run_null_control(finding, study)
    assert study.asked[0] == Subset(shuffled="P2", within="site", seed=study.asked[0].seed)
