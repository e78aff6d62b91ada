"""Audits a version: the gates, then the null control. What they find is a reason not to believe the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memory.ledger.keys import step_key
from pelagos.facts.fact import Cost, Fact
from pelagos.facts.ideas import Screened
from pelagos.facts.work import Intent
from pelagos.nouns import Audit, Experiment, Hypothesis, Version
from tools.analysis.findings import Finding
from tools.analysis.planning.records import Objective, Proposed
from tools.analysis.planning.study import Study
from tools.analysis.trials.audit import gates
from tools.analysis.trials.audit.null_control import NullControl, run_null_control
from tools.analysis.trials.audit.scores import Scores, score_hypothesis
from tools.analysis.trials.results import load_results

CHECKS = ["numbers", "entity", "direction", "background", "batch", "circularity", "null control"]


class Audited(Fact):
    """What the audit of a version, this row's key, found: reasons for suspicion, null control and scores."""

    KIND = "analysis.audit"
    hypothesis: str = ""
    findings: list[str] = []
    permutations: int = 0
    as_extreme: int = 0
    small: float = 0.0
    scores: Scores | None = None


def audit_version(
    version: Version, experiments: Sequence[Experiment], objectives: Sequence[Objective], study: Study
) -> Audit:
    """`experiments` are those of the version on validation samples. Raises CapReached and RunFailed."""
    proposed = study.context.steps.ledger.fact(Proposed, version.hypothesis or "")
    if proposed is None or proposed.finding is None or proposed.hypothesis is None:
        return Audit(id=version.id, findings=["no finding stands behind it"], checks=[])
    hypothesis, finding = proposed.hypothesis, proposed.finding
    objective = next((each for each in objectives if each.id == finding.objective), None)
    if objective is None:
        return Audit(id=version.id, findings=[f"no objective {finding.objective} in this task"], checks=[])

    def action() -> tuple[Audited, Cost]:
        return _audit(hypothesis, finding, objective, experiments, study), Cost()

    key = step_key(version=version.id, experiments=[each.id for each in experiments])
    made = study.context.steps.made(Audited, key, Intent(version=version.id), Cost(), action)
    checks = CHECKS if made.permutations else CHECKS[:-1]
    return Audit(id=version.id, findings=made.findings, checks=checks, evidence=[each.id for each in experiments])


def find_gate_faults(hypothesis: Hypothesis, finding: Finding, objective: Objective, study: Study) -> list[str]:
    """Return what the gates find, without running anything."""
    checks: Sequence[Callable[[], list[str]]] = (
        lambda: gates.check_numbers(hypothesis, finding, study),
        lambda: gates.check_entity(finding, study),
        lambda: gates.check_direction(hypothesis, finding, objective, study),
        lambda: gates.check_background(finding, study),
        lambda: gates.check_batch(finding, study),
        lambda: gates.check_unit(finding, study),
        lambda: gates.check_circularity(hypothesis, finding, study),
    )
    return [fault for check in checks for fault in check()]


def _audit(
    hypothesis: Hypothesis,
    finding: Finding,
    objective: Objective,
    experiments: Sequence[Experiment],
    study: Study,
) -> Audited:
    faults = find_gate_faults(hypothesis, finding, objective, study)
    null = NullControl() if faults else run_null_control(finding, study)
    results = [result for each in experiments for result in load_results(each, study.context)]
    screened = study.context.steps.ledger.fact(Screened, hypothesis.id)
    found = [*faults, *null.findings]
    return Audited(
        hypothesis=hypothesis.id,
        findings=found,
        permutations=null.done,
        as_extreme=null.as_extreme,
        small=null.small,
        scores=score_hypothesis(hypothesis, finding, found, results, screened.novelty if screened else ""),
    )
