"""What carries a set: a data base names it, and a few of its members may be all that was measured or that differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Trend, sign_of
from tools.analysis.packs.spec import Relation
from tools.analysis.planning.hypotheses.caveats import Caveat
from tools.analysis.planning.hypotheses.statements import join_words
from tools.analysis.planning.records import Explored, Objective
from tools.analysis.planning.study import Study
from tools.statistics.gene_sets import read_gmt

BY_SET = (Relation.SET_GROUP, Relation.ACTIVITY_GROUP, Relation.MODULE_GROUP)
FEW, FEW_SHARE = 10, 0.3
"""Measured members, and their share of the set, below which a set is said to be measured in part."""
ATYPICAL_SHARE = 1 / 3
"""Share of the measured members that differ on their own, below which these are said to carry the set."""
ALONE_P = 0.05
MOST_NAMED = 5


def find_carriers(row: Row, direction: Trend, objective: Objective, study: Study) -> Caveat | None:
    """Return which members carry a set, where few were measured or few of them differ on their own on the discovery
    samples. None for what is no set, and where its name fits its members."""
    measured = len(row.members)
    if objective.relation not in BY_SET or not measured:
        return None
    total = _count_members(row.entity, objective, study)
    few = measured < FEW or (total is not None and measured < FEW_SHARE * total)
    rows = find_member_rows(row.members, study)
    alone = [each for each in rows if _differs(each, direction)]
    if not few and (not rows or len(alone) >= ATYPICAL_SHARE * measured):
        return None
    of = f"{measured} of its {total} members were measured" if total else f"it has {measured} measured members"
    text = f"{of}; {_tell_carriers(rows, alone, row.members, study)}"
    numbers: list[float] = [measured, total or 0, len(alone), len(alone) - MOST_NAMED, ALONE_P]
    return Caveat(about=row.entity, text=text, numbers=numbers)


def find_member_rows(members: Sequence[str], study: Study) -> list[dict[str, Any]]:
    """Return the members' rows of the first test of single features, those with a partial correlation; none before one
    was made."""
    explored = study.context.steps.ledger.facts(Explored).values()
    tables = [each.table for each in explored if each.objective.relation == Relation.FEATURE_GROUP and each.table]
    if not tables:
        return []
    rows: Sequence[dict[str, Any]] = study.context.artifacts.json(tables[0])
    by_name = {study.view.features.get(row["entity"], row["entity"]): row for row in reversed(rows)}
    by_id = {row["entity"]: row for row in rows}
    found = [by_id.get(member) or by_name.get(member) for member in members]
    return [row for row in found if row is not None and row["r"]]


def _differs(row: dict[str, Any], direction: Trend) -> bool:
    return row["p"] is not None and row["p"] <= ALONE_P and row["r"] * sign_of(direction) > 0


def _tell_carriers(
    rows: Sequence[dict[str, Any]], alone: Sequence[dict[str, Any]], members: Sequence[str], study: Study
) -> str:
    if not rows:
        return f"among them {join_words(_list_names(members[:MOST_NAMED], study))}"
    if not alone:
        return f"none differs on its own (p <= {ALONE_P})"
    strongest = sorted(alone, key=lambda row: (row["p"], row["entity"]))
    more = len(alone) - MOST_NAMED
    names = _list_names([str(row["entity"]) for row in strongest[:MOST_NAMED]], study)
    named = join_words([*names, f"{more} more"] if more > 0 else names)
    return f"{named} {'carries' if len(alone) == 1 else 'carry'} it (p <= {ALONE_P} on their own)"


def _list_names(entities: Sequence[str], study: Study) -> list[str]:
    return [study.view.features.get(entity, entity) for entity in entities]


def _count_members(entity: str, objective: Objective, study: Study) -> int | None:
    """Return the size of a set in the task's file of sets; None where it isn't in it."""
    path = study.task.gene_sets
    if objective.relation != Relation.SET_GROUP or path is None:
        return None
    members = read_gmt(str(path)).get(entity)
    return len(members) if members else None
