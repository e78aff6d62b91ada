"""Builds a version of a test plan: the calls of its steps are checked; nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from memory.ledger.keys import step_key
from pelagos.nouns import Build, Hypothesis, Plan, Step, Try, Version
from tools.analysis.findings import Finding, Implication, Subset
from tools.analysis.planning.records import Proposed
from tools.analysis.planning.study import Study
from tools.analysis.planning.workflows.faults import find_faults

CAUSE = "bad_call"
TOO_FEW = "too few samples to keep any apart, so it is only suggestive"


def list_plans(hypothesis: Hypothesis, count: int, study: Study) -> list[list[Step]]:
    """Return at most `count` test plans: all implications; the required ones and those within batches; the required
    ones alone. None for a hypothesis that was not proposed here."""
    finding = find_finding(hypothesis.id, study)
    if finding is None:
        return []
    implications = finding.implications
    chosen = [
        implications,
        [each for each in implications if each.required or each.role == "batch"],
        [each for each in implications if each.required],
    ]
    plans = [[make_step(each) for each in plan] for plan in chosen]
    return [plan for place, plan in enumerate(plans) if plan not in plans[:place]][:count]


def find_finding(hypothesis: str | None, study: Study) -> Finding | None:
    proposed = study.context.steps.ledger.fact(Proposed, hypothesis or "")
    return proposed.finding if proposed else None


def make_step(implication: Implication) -> Step:
    """`tests` says, beside the call, what it should show and on what."""
    tests = implication.model_dump(mode="json", exclude={"text", "call"})
    return Step(text=implication.text, call={**implication.call, "tests": tests})


def read_step(step: Step) -> Implication:
    """Return the implication of a step. Raises ValueError where the step has no call that says what it should show."""
    call: dict[str, Any] = dict(step.call or {})
    tests = call.pop("tests", None)
    if not call or not isinstance(tests, dict):
        raise ValueError(f"the step calls no tool, or doesn't say what the call should show: {step.text[:80]}")
    try:
        return Implication.model_validate({**tests, "text": step.text, "call": call})
    except ValidationError as error:
        raise ValueError(f"{step.text[:80]}: {error.errors()[0]['msg']}") from None


def build_version(hypothesis: Hypothesis, plan: Plan, study: Study) -> Build:
    """Record the version that carries out the plan. A plan with faults in its calls gives a build without one, and so
    do data of which no samples are kept apart."""
    implications, faults = _read_plan(plan.steps, study)
    apart = study.keeps_samples_apart
    version = record_version(hypothesis, plan, implications, study) if apart and not faults else None
    cause = CAUSE if faults else "" if apart else TOO_FEW
    return Build(
        id=step_key(plan=plan.id),
        hypothesis=hypothesis.id,
        plan=plan.id,
        version=version.id if version else None,
        cause=cause,
        tries=[Try(index=0, kind="draft", cause=cause, detail="; ".join(faults), version=version and version.id)],
    )


def record_version(hypothesis: Hypothesis, plan: Plan, implications: Sequence[Implication], study: Study) -> Version:
    content = [each.model_dump(mode="json") for each in implications]
    version = Version(
        id=f"{plan.id}-v",
        hypothesis=hypothesis.id,
        plan=plan.id,
        content=study.context.artifacts.put_json(content),
        summary=f"{len(implications)} tests of: {hypothesis.title}",
    )
    study.context.steps.ledger.record(version, version.id)
    return version


def load_implications(version: Version, study: Study) -> list[Implication]:
    return [Implication.model_validate(each) for each in study.context.artifacts.json(version.content)]


def _read_plan(steps: Sequence[Step], study: Study) -> tuple[list[Implication], list[str]]:
    implications: list[Implication] = []
    faults: list[str] = []
    for step in steps:
        try:
            implications.append(read_step(step))
        except ValueError as error:
            faults.append(str(error))
    for each in implications:
        faults += [f"{each.text[:60]}: {fault}" for fault in find_faults(each.calls, study)]
        faults += _find_subset_faults(each.subset, study)
    if not faults and not any(each.required for each in implications):
        faults.append("no test of the plan is required: nothing could refute the hypothesis")
    return implications, faults


def _find_subset_faults(subset: Subset, study: Study) -> list[str]:
    faults: list[str] = []
    if subset.column and subset.level not in getattr(study.view.columns.get(subset.column), "levels", {}):
        faults.append(f"no samples with {subset.column} {subset.level}")
    if subset.without and subset.without not in study.view.features:
        faults.append(f"no feature {subset.without}")
    return faults
