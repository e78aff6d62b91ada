"""Makes findings of rows: said in words, with their caveats, and with what they imply for other samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Finding
from tools.analysis.free_code.specs import CAVEAT, has_free_code
from tools.analysis.free_code.specs import PACK as FREE_CODE
from tools.analysis.packs.spec import Relation
from tools.analysis.planning.hypotheses.caveats import Caveat, find_circularity, find_confounding
from tools.analysis.planning.hypotheses.follow_batch import has_batch
from tools.analysis.planning.hypotheses.implications import list_implications
from tools.analysis.planning.hypotheses.members import find_carriers
from tools.analysis.planning.hypotheses.selection import Selection, direction_of, is_significant
from tools.analysis.planning.hypotheses.statements import write_context, write_model, write_statement, write_title
from tools.analysis.planning.records import CallsRun, Objective
from tools.analysis.planning.study import DISCOVERY, Study
from tools.analysis.planning.workflows.arguments import list_used_covariates
from tools.analysis.planning.workflows.search import Search

SUGGESTIVE = "suggestive only: not significant on the discovery samples (q = {q:.2g})"
MOST_SIMILAR = 3
CONDITIONS: Mapping[str, str] = {
    Relation.COMPOSITION_GROUP: "shares sum to one: where one type grows, the others shrink",
    Relation.SLOPE_GROUP: "slopes may differ on one scale of the outcome and not on another",
    Relation.MEDIATION: "it rests on the order that the task states, and on nothing unmeasured that drives both the "
    "mediator and the outcome: no data of this kind can show either",
}
NO_BATCH = "{batch} isn't in the model of the test"


def describe_findings(selection: Selection, run: CallsRun, search: Search, study: Study) -> list[Finding]:
    """Return a finding for each of the selected rows, which are of the run's last table."""
    confounding = find_confounding(study.splits[DISCOVERY], study.task.design)
    return [
        _describe(row, selection.similar.get(row.entity, [])[:MOST_SIMILAR], run, search, study, confounding)
        for row in selection.rows
    ]


def _describe(
    row: Row, similar: Sequence[str], run: CallsRun, search: Search, study: Study, confounding: Sequence[Caveat]
) -> Finding:
    objective, design = search.objective, study.task.design
    members = resolve_features([row.entity, *row.members], study)
    circular = find_circularity(study.splits[DISCOVERY], design, members) if _is_about_group(objective, study) else []
    covariates = list_used_covariates(run.calls[-1], study.specs)
    title = write_title(row, study.view.name(row.entity), direction_of(row), objective, design)
    model = write_model(objective, covariates)
    carried = find_carriers(row, direction_of(row), objective, study)
    other = [
        *([carried] if carried else []),
        *(confounding if _is_about_group(objective, study) else []),
        *_list_weaknesses(row, run, search),
    ]
    numbers = study.context.artifacts.put_json([caveat.model_dump() for caveat in [*circular, *other]])
    said = [caveat.text for caveat in [*circular[:1], *([carried] if carried else [])]]
    finding = Finding(
        id=f"{objective.id}/{row.entity}",
        objective=objective.id,
        relation=objective.relation,
        entities=list(dict.fromkeys([row.entity, *row.members, *similar, *objective.named])),
        direction=direction_of(row),
        context=write_context(objective, design, covariates),
        title=title,
        statement=write_statement(title, row, model, similar, said),
        calls=run.calls,
        row=row,
        artifacts=[run.tables[max(run.tables)], numbers],
        caveats=[caveat.text for caveat in [*circular, *other]],
    )
    return finding.model_copy(update={"implications": list_implications(finding, search, study)})


def resolve_features(names: Sequence[str], study: Study) -> list[str]:
    """Return the feature ids of ids or names, each once; what is no feature (a set) is left out."""
    by_name: dict[str, str] = {}
    for id, name in study.view.features.items():
        by_name.setdefault(name, id)
    found = [name if name in study.view.features else by_name.get(name, "") for name in names]
    return [id for id in dict.fromkeys(found) if id]


def _is_about_group(objective: Objective, study: Study) -> bool:
    return objective.subject == study.task.design.group


def _list_weaknesses(row: Row, run: CallsRun, search: Search) -> list[Caveat]:
    """Return what makes the finding weaker than it looks."""
    found = [Caveat(about=row.entity, text=text) for text in [CONDITIONS.get(search.objective.relation)] if text]
    batch = search.design.batch
    if not is_significant(row):
        q = 1.0 if row.q is None else row.q
        found.append(Caveat(about=row.entity, text=SUGGESTIVE.format(q=q), numbers=[q]))
    if batch and batch != search.objective.subject and not has_batch(run.calls, batch):
        found.append(Caveat(about=batch, text=NO_BATCH.format(batch=batch)))
    if has_free_code(run.calls):
        found.append(Caveat(about=FREE_CODE, text=CAVEAT))
    return found
