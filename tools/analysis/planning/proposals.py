"""Proposes hypotheses: the next best finding that wasn't proposed yet, of the family whose turn it is.

Families take turns by weight, so that a few hypotheses cover features and sets. An objective is explored when it is
needed: when no explored one of its family has a finding left, or each has had its share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import Hypothesis
from tools.analysis.findings import Finding, sign_of, subject_of
from tools.analysis.planning.choice import choose_objective
from tools.analysis.planning.exploration import explore
from tools.analysis.planning.hypotheses.rationale import write_rationale
from tools.analysis.planning.hypotheses.statements import describe_refutation
from tools.analysis.planning.records import FAMILIES, Explored, Family, Objective, Proposed
from tools.analysis.planning.study import Study

WEIGHTS: Mapping[Family, int] = {"features": 2, "sets": 2, "outcomes": 1, "others": 1}
SHARE = 2
"""Hypotheses that an explored objective gives before another one of its family is explored."""


def propose_hypothesis(id: str, objectives: Sequence[Objective], study: Study, opening: str) -> Hypothesis | None:
    """Return the hypothesis `id`, made once; None when nothing is left. Not for two threads at a time. Raises
    CapReached, RunFailed, and what models raise except BadReply."""
    known = study.context.steps.ledger.fact(Proposed, id)
    if known is not None:
        return known.hypothesis
    finding = find_next(objectives, study, opening)
    if finding is None:
        return None

    def action() -> tuple[Proposed, Cost]:
        rationale, rejected = write_rationale(finding, study, opening)
        made = _make_hypothesis(id, finding, rationale)
        return Proposed(hypothesis=made, finding=finding, rejected=rejected), Cost()

    return study.context.steps.made(Proposed, id, Intent(hypothesis=id, query=finding.id), Cost(), action).hypothesis


def find_next(objectives: Sequence[Objective], study: Study, opening: str) -> Finding | None:
    """Return the next finding; explores objectives until there is one."""
    while True:
        explored = study.context.steps.ledger.facts(Explored)
        proposed = list_proposed(study)
        left = {id: list_left(made, proposed) for id, made in explored.items()}
        family = choose_family(objectives, explored, left, proposed)
        if family is None:
            return None
        of_family = [objective for objective in objectives if objective.family == family]
        counts = Counter(finding.objective for finding in proposed)
        ready = [objective for objective in of_family if left.get(objective.id)]
        unexplored = [objective for objective in of_family if objective.id not in explored]
        best = min(ready, key=lambda objective: counts[objective.id], default=None)
        if best is not None and (counts[best.id] < SHARE or not unexplored):
            return left[best.id][0]
        explore(choose_objective(unexplored, explored, opening, study.context), study, opening)


def list_proposed(study: Study) -> list[Finding]:
    facts = study.context.steps.ledger.facts(Proposed).values()
    return [fact.finding for fact in facts if fact.finding is not None]


def list_left(explored: Explored, proposed: Sequence[Finding]) -> list[Finding]:
    """Return the findings of an objective that weren't proposed, and that don't repeat a proposed one of another
    objective on the same subject."""
    said = {(subject_of(finding), finding.entity, finding.direction) for finding in proposed}
    return [
        finding
        for finding in explored.findings
        if (explored.objective.subject, finding.entity, finding.direction) not in said
    ]


def choose_family(
    objectives: Sequence[Objective],
    explored: Mapping[str, Explored],
    left: Mapping[str, Sequence[Finding]],
    proposed: Sequence[Finding],
) -> Family | None:
    """Return the family with the fewest hypotheses for its weight that has something left; None if none has."""
    families = {objective.id: objective.family for objective in objectives}
    counts = Counter(families[finding.objective] for finding in proposed if finding.objective in families)
    open_ones = {objective.family for objective in objectives if objective.id not in explored or left.get(objective.id)}
    return min(open_ones, key=lambda name: (counts[name] / WEIGHTS[name], FAMILIES.index(name)), default=None)


def _make_hypothesis(id: str, finding: Finding, rationale: str) -> Hypothesis:
    r = (finding.row.r or 0.0) * sign_of(finding.direction)
    return Hypothesis(
        id=id,
        title=finding.title,
        statement=finding.statement,
        rationale=rationale,
        predicted_effect=round(r, 4),
        refuted_by=describe_refutation(finding.title),
        target=finding.objective,
    )
