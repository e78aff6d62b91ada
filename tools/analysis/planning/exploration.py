"""Explores one objective on the discovery samples: workflows are found, checked and ranked; the best that runs, refined
between its calls, leaves a table, whose rows become findings.
"""

from __future__ import annotations

from collections.abc import Sequence

from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from tools.analysis.execution.analysis import Row
from tools.analysis.packs.spec import Relation
from tools.analysis.planning.free_code import run_free_code
from tools.analysis.planning.hypotheses.describe import describe_findings
from tools.analysis.planning.hypotheses.follow_batch import find_batch_followers
from tools.analysis.planning.hypotheses.selection import direction_of, list_usable, select_rows
from tools.analysis.planning.hypotheses.statements import describe_check, describe_row
from tools.analysis.planning.records import CallsRun, Dropped, Explored, Objective, Ranking, Revision
from tools.analysis.planning.refinement.carry_out import Allowance, carry_out
from tools.analysis.planning.refinement.follow_up import choose_follow_up
from tools.analysis.planning.refinement.revisions import record_revision
from tools.analysis.planning.study import Study
from tools.analysis.planning.workflows.faults import find_faults
from tools.analysis.planning.workflows.search import Search, Workflow, offer
from tools.toolchain import Work

MAX_WORKFLOWS, SHOWN_ROWS = 3, 8
MEDIATED = "mediated effect"
NO_PATH = "no path of tools leads from these data to a test of it"
NO_ROWS = "the test left no row that can become a finding"


def explore(objective: Objective, study: Study, opening: str) -> Explored:
    """Explore an objective once. Raises CapReached, RunFailed, and what models raise except BadReply."""

    def action() -> tuple[Explored, Cost]:
        return _explore(objective, study, opening), Cost()

    return study.context.steps.made(Explored, objective.id, Intent(query=objective.id), Cost(), action)


def make_search(objective: Objective, study: Study) -> Search:
    view, sets = study.view, study.task.gene_sets is not None
    return Search(study.specs, objective, study.task.design, view.states, view.missing > 0, sets, view.paired)


def list_rows(run: CallsRun, search: Search, study: Study) -> list[Row]:
    """Return the rows of the last table that are about the objective: with a partial correlation, of features where it
    asks about features, and better than chance where it asks about a model. A check of clusters has none: all its rows
    count."""
    rows, relation = study.table(run), search.objective.relation
    if relation == Relation.CLUSTER_GROUP:
        return rows
    if relation == Relation.GROUP_FEATURES:  # worse than chance is what cross-validation gives where there is nothing
        return [row for row in list_usable(rows) if (row.r or 0.0) > 0]
    if relation == Relation.MEDIATION:
        return [row for row in list_usable(rows) if row.entity == MEDIATED]
    about_features = relation.startswith("feature ~")
    return [row for row in list_usable(rows) if not about_features or row.entity in study.view.features]


def _explore(objective: Objective, study: Study, opening: str) -> Explored:
    search = make_search(objective, study)
    workflows = [workflow for workflow in search.workflows() if not find_faults(workflow.calls, study)]
    run = CallsRun(outcome="error", cause=NO_PATH)
    if workflows:
        run = _run_first_that_works(_rank(objective, offer(workflows), study), search, study, opening)
    if not _is_answered(run, search, study):
        run = run_free_code(run, run.cause or NO_ROWS, search, study, opening)
    if not run.ok or not list_rows(run, search, study):
        return Explored(objective=objective, calls=run.calls, failure=run.cause or NO_ROWS)
    return _conclude(run, objective, search, study, opening)


def _rank(objective: Objective, offered: Sequence[Workflow], study: Study) -> list[Workflow]:
    """Return the workflows, best first by the verifier; ranked once."""

    def action() -> tuple[Ranking, Cost]:
        problem = f"{study.task.description}\n\nQuestion to the data: {objective.question}"
        order = study.context.rank([Work(problem, workflow.steps) for workflow in offered])
        return Ranking(workflows=[list(workflow.calls) for workflow in offered], order=list(order)), Cost()

    intent = Intent(query=objective.id, role="verifier")
    ranking = study.context.steps.made(Ranking, objective.id, intent, Cost(), action)
    return [offered[place] for place in ranking.order]


def _run_first_that_works(workflows: Sequence[Workflow], search: Search, study: Study, opening: str) -> CallsRun:
    """Carry out one workflow after the other, each refined between its calls, until one leaves a table."""
    run, allowed = CallsRun(outcome="error", cause="nothing was carried out"), Allowance()
    for place, workflow in enumerate(workflows[:MAX_WORKFLOWS]):
        if allowed.find_refusal(workflow.calls):
            continue
        if place:
            reason = f"{run.cause or NO_ROWS}: the next workflow is tried"
            revision = Revision(
                objective=search.objective.id,
                before=run.calls,
                after=list(workflow.calls),
                reason=reason,
                rule="the next workflow",
            )
            record_revision(study, search.objective, revision)
        run = carry_out(workflow.calls, search, study, opening, allowed)
        if _is_answered(run, search, study):
            return run
    return run


def _is_answered(run: CallsRun, search: Search, study: Study) -> bool:
    """Whether the test could be made. What it came to is not looked at: no workflow is left for its result."""
    rows = study.table(run) if run.ok else []
    return bool(rows if search.objective.relation == Relation.CLUSTER_GROUP else list_usable(rows))


def _find_contradicted(run: CallsRun, search: Search, study: Study, opening: str) -> dict[str, str]:
    """Let a strong model choose one more test of the same question. Returns entity -> why it is dropped: those that the
    further test shows in the other direction."""
    table = study.table(run)
    rows = sorted(table, key=lambda row: 1.0 if row.p is None else row.p)[:SHOWN_ROWS]
    seen = [f"{study.view.name(row.entity)}: {describe_row(row)}" for row in rows]
    call = choose_follow_up(run, search, seen, study, opening)
    if call is None:
        return {}
    longer = study.run([*run.calls[:-1], call])
    other = {row.entity: direction_of(row) for row in study.table(longer) if row.r} if longer.ok else {}
    reason = f"{call['tool']} asks the same in another way; what it shows in the other direction is dropped"
    revision = Revision(
        objective=search.objective.id, before=run.calls, after=longer.calls, reason=reason, by="planner"
    )
    record_revision(study, search.objective, revision)
    opposed = [row.entity for row in table if row.r and other.get(row.entity, direction_of(row)) != direction_of(row)]
    return dict.fromkeys(opposed, f"{call['tool']} shows it in the other direction")


def _conclude(run: CallsRun, objective: Objective, search: Search, study: Study, opening: str) -> Explored:
    rows = list_rows(run, search, study)
    if objective.relation == Relation.CLUSTER_GROUP:
        checked = [
            Dropped(entity=row.entity, reason=f"a check and no hypothesis: {describe_check(row)}") for row in rows
        ]
        return Explored(objective=objective, calls=run.calls, table=run.tables[max(run.tables)], dropped=checked)
    against = find_batch_followers(run, rows, search, study) | _find_contradicted(run, search, study, opening)
    selection = select_rows([row for row in rows if row.entity not in against])
    strong = select_rows([row for row in rows if row.entity in against])
    dropped = [Dropped(entity=row.entity, reason=against[row.entity]) for row in strong.rows]
    return Explored(
        objective=objective,
        calls=run.calls,
        table=run.tables[max(run.tables)],
        entities=len(rows),
        significant=selection.significant,
        findings=describe_findings(selection, run, search, study),
        dropped=[*dropped, *selection.dropped],
    )
