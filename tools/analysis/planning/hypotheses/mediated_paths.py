"""The two paths that a mediated effect implies: the exposure goes with the mediator, and the mediator with the outcome
where the exposure stands in the model. Other samples have to show both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.analysis.findings import Call, Finding, Implication, sign_of
from tools.analysis.packs.spec import Relation, ToolSpec
from tools.analysis.planning.hypotheses.selection import direction_of
from tools.analysis.planning.records import Objective
from tools.analysis.planning.study import Study
from tools.analysis.planning.workflows.arguments import fill_arguments, list_covariates
from tools.analysis.planning.workflows.search import Search


def list_paths(finding: Finding, search: Search, study: Study) -> list[Implication]:
    """Return an implication for each path, in the direction that the discovery samples show; none where no tool tests
    them, or where the two directions aren't that of the mediated effect."""
    exposure, mediator, outcome = search.objective.chain
    adjusted = list_covariates(search.specs[finding.calls[-1]["tool"]], search.objective, search.design)
    first = _find_call(exposure, mediator, adjusted, search)
    second = _find_call(mediator, outcome, [*adjusted, exposure], search)
    texts = (f"{exposure} goes with {mediator}", f"{mediator} goes with {outcome}, with {exposure} in the model")
    made = [_make_path(call, text, study) for call, text in zip((first, second), texts, strict=True)]
    paths = [path for path in made if path is not None]
    if len(paths) < 2 or sign_of(paths[0].direction) * sign_of(paths[1].direction) != sign_of(finding.direction):
        return []
    return paths


def _make_path(call: tuple[Call, str] | None, text: str, study: Study) -> Implication | None:
    if call is None:
        return None
    run = study.run([call[0]])
    row = next((row for row in study.table(run) if row.entity == call[1] and row.r), None)
    if row is None:
        return None
    direction = direction_of(row)
    return Implication(text=text, call=call[0], entity=row.entity, direction=direction, required=True, role="path")


def _find_call(cause: str, effect: str, covariates: list[str], search: Search) -> tuple[Call, str] | None:
    """Return the call that tests whether `cause` goes with `effect`, and the entity of its row."""
    grouped = cause == search.design.group
    relation = Relation.FEATURE_GROUP if grouped else Relation.FEATURE_NUMERIC
    subject = cause if grouped else effect
    objective = Objective(id="", question="", relation=relation, family="others", subject=subject)
    for spec in search.specs.values():
        known = _list_known(spec, cause, effect, covariates, grouped)
        arguments = fill_arguments(spec, objective, search.design, known=known) if known else None
        if spec.relation == relation and arguments is not None:
            return {"tool": spec.name, "arguments": arguments}, effect if grouped else cause
    return None


def _list_known(
    spec: ToolSpec, cause: str, effect: str, covariates: list[str], grouped: bool
) -> Mapping[str, Any] | None:
    """Return the values of the parameters by which a tool of plain tables is asked about two variables."""
    wanted = {"outcomes": [effect]} if grouped else {"outcome": effect, "predictors": [cause]}
    if not {*wanted, "covariates"} <= set(spec.parameters):
        return None
    return {**wanted, "covariates": covariates}
