"""What a finding implies for other samples: the required association, and further tests that a true finding passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.analysis.findings import Call, Finding, Implication, Role, Subset, sign_of
from tools.analysis.packs.spec import Relation
from tools.analysis.planning.hypotheses.mediated_paths import list_paths
from tools.analysis.planning.hypotheses.members import find_member_rows
from tools.analysis.planning.records import Objective
from tools.analysis.planning.study import Study
from tools.analysis.planning.workflows.arguments import drop_batch, fill_arguments, list_used_covariates
from tools.analysis.planning.workflows.search import Search
from tools.analysis.states import State

LEAST_IN_BATCH, MAX_BATCHES, LEAST_MEMBERS = 5, 4, 3


def list_implications(finding: Finding, search: Search, study: Study) -> list[Implication]:
    """Return the primary implication first; only that one is required, and of a mediated effect its two paths. None
    where other samples can't be asked."""
    calls = _list_primary_calls(finding, search)
    if not calls:
        return []
    finding = finding.model_copy(update={"calls": calls})
    found = [_make_primary(finding, study)]
    if search.objective.relation == Relation.GROUP_FEATURES:
        return found
    if search.objective.relation == Relation.MEDIATION:
        paths = list_paths(finding, search, study)
        return [*found, *paths, *_without_adjustment(finding, search)] if paths else []
    found += _without_adjustment(finding, search)
    found += _by_other_tool(finding, search, study)
    found += _within_batches(finding, search, study)
    found += _without_strongest(finding, search, study)
    return found


def _list_primary_calls(finding: Finding, search: Search) -> list[Call]:
    """Return the calls of the primary test. A filter for features is left out, since it may remove the feature among
    fewer samples; a module is tested by its members, since other samples give other modules."""
    *before, last = finding.calls
    if finding.relation.startswith("feature ~"):
        needed = {state for call in finding.calls for state in search.specs[call["tool"]].requires}
        filters = [call for call in before if search.specs[call["tool"]].produces == State.FILTERED]
        before = [call for call in before if call not in filters or State.FILTERED in needed]
    if finding.relation != Relation.MODULE_GROUP:
        return [*before, last]
    for spec in search.specs.values():
        features = spec.parameter_of("feature")
        if spec.relation == Relation.MODULE_GROUP and features and features.schema.get("type") == "array":
            known = {features.name: list(finding.row.members), "label": finding.entity}
            arguments = fill_arguments(spec, search.objective, search.design, known=known)
            if arguments is not None:
                return [*before, {"tool": spec.name, "arguments": arguments}]
    return []


def _make_primary(finding: Finding, study: Study) -> Implication:
    used = list_used_covariates(finding.calls[-1], study.specs)
    model = f" with {', '.join(used)} in the model" if used else ""
    return _imply(finding, f"{finding.title}, on samples kept apart{model}", finding.calls, "primary")


def _without_adjustment(finding: Finding, search: Search) -> Iterator[Implication]:
    call = finding.calls[-1]
    spec = search.specs[call["tool"]]
    if not list_used_covariates(call, search.specs):
        return
    plain = fill_arguments(spec, search.objective, search.design, adjusted=False)
    if plain is not None:
        calls = [*finding.calls[:-1], {"tool": spec.name, "arguments": plain}]
        yield _imply(finding, "The same direction without covariates in the model", calls, "unadjusted")


def _by_other_tool(finding: Finding, search: Search, study: Study) -> Iterator[Implication]:
    """Yield the same question by ranks where the tool can, else to another tool, rank-based ones first."""
    used = finding.calls[-1]["tool"]
    for name, parameter in search.specs[used].parameters.items():
        if "rank" in parameter.schema.get("enum", ()):
            arguments = {**finding.calls[-1]["arguments"], name: "rank"}
            calls = [*finding.calls[:-1], {"tool": used, "arguments": arguments}]
            yield _imply(finding, "The same direction by ranks", calls, "other tool")
            return
    others = [
        spec
        for spec in search.specs.values()
        if spec.tests and spec.relation == search.objective.relation and spec.name != used
    ]
    for spec in sorted(others, key=lambda spec: "rank" not in f"{spec.name} {spec.summary}".lower()):
        paths = sorted(search.paths(spec, finding.calls[:-1]), key=lambda path: len(path.calls))
        if paths and _tells_of(finding, paths[0].calls, study):
            yield _imply(finding, f"The same direction by {spec.name}", paths[0].calls, "other tool")
            return


def _tells_of(finding: Finding, calls: Sequence[Call], study: Study) -> bool:
    """Whether the calls give a partial correlation for the finding's entity on the discovery samples."""
    run = study.run(calls)
    return run.ok and any(row.entity == finding.entity and row.r is not None for row in study.table(run))


def _within_batches(finding: Finding, search: Search, study: Study) -> Iterator[Implication]:
    design, batch = search.design, search.design.batch
    alone = drop_batch(finding.calls, search.specs, batch)
    if batch is None or alone is None or search.objective.subject == batch:
        return
    for level in _list_batches(search.objective, study)[:MAX_BATCHES]:
        text = f"{batch} {level} alone doesn't oppose the direction"
        subset = Subset(column=str(design.batch), level=level)
        yield _imply(finding, text, alone, "batch", subset)


def _list_batches(objective: Objective, study: Study) -> list[str]:
    """Return the batches with enough samples, by the discovery samples."""
    design, view = study.task.design, study.view
    if objective.subject == design.group and design.case is not None and design.control is not None:
        return view.batches((design.case, design.control), LEAST_IN_BATCH)
    levels = view.columns[design.batch].levels if design.batch else {}
    return [level for level, count in levels.items() if count >= 2 * LEAST_IN_BATCH]


def _without_strongest(finding: Finding, search: Search, study: Study) -> Iterator[Implication]:
    """Yield the test of a set without the member that differs most: else the set is but that member."""
    if search.objective.relation not in (Relation.SET_GROUP, Relation.ACTIVITY_GROUP):
        return
    if len(finding.row.members) < LEAST_MEMBERS:
        return
    strongest = _find_strongest(finding, study)
    if strongest:
        text = f"The same direction without {study.view.name(strongest)}, the member that differs most"
        yield _imply(finding, text, finding.calls, "without strongest", Subset(without=strongest))


def _find_strongest(finding: Finding, study: Study) -> str:
    """Return the id of the member with the largest oriented r among the discovery samples' features; "" if no test of
    single features was made."""
    rows = find_member_rows(finding.row.members, study)
    best = max(rows, key=lambda row: sign_of(finding.direction) * row["r"], default=None)
    return str(best["entity"]) if best else ""


def _imply(finding: Finding, text: str, calls: Sequence[Call], role: Role, subset: Subset | None = None) -> Implication:
    return Implication(
        text=text,
        call=calls[-1],
        entity=finding.entity,
        direction=finding.direction,
        required=role == "primary",
        role=role,
        preparation=list(calls[:-1]),
        subset=subset or Subset(),
    )
