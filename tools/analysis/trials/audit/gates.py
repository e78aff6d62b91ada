"""The mechanical gates: numbers, entity and direction match the artifacts; background and batch checks were made; what
may be circular is said. Each returns the reasons for suspicion, one line each."""

from __future__ import annotations

from collections.abc import Sequence

from pelagos.nouns import Hypothesis
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Finding, sign_of
from tools.analysis.packs.spec import Relation
from tools.analysis.planning.hypotheses.caveats import find_circularity
from tools.analysis.planning.hypotheses.describe import resolve_features
from tools.analysis.planning.hypotheses.follow_batch import has_batch
from tools.analysis.planning.hypotheses.numbers import find_untraced
from tools.analysis.planning.hypotheses.rationale import known_names, known_numbers
from tools.analysis.planning.hypotheses.statements import write_title
from tools.analysis.planning.records import Objective
from tools.analysis.planning.study import DISCOVERY, Study

BY_SET = (Relation.SET_GROUP, Relation.ACTIVITY_GROUP, Relation.MODULE_GROUP)


def check_numbers(hypothesis: Hypothesis, finding: Finding, study: Study) -> list[str]:
    text = f"{hypothesis.title}\n{hypothesis.statement}\n{hypothesis.rationale}"
    untraced = find_untraced(text, known_numbers(finding, study), known_names(finding, study))
    return [f"numbers that match no artifact: {', '.join(untraced)}"] if untraced else []


def check_entity(finding: Finding, study: Study) -> list[str]:
    """The entity is in the table that the finding rests on, and a feature is in the data."""
    if find_row(finding, study) is None:
        return [f"{finding.entity} is not in the table that the finding rests on"]
    about_features = finding.relation.startswith("feature ~")
    if about_features and finding.entity not in study.view.features:
        return [f"{finding.entity} is no feature of the data"]
    return []


def check_direction(hypothesis: Hypothesis, finding: Finding, objective: Objective, study: Study) -> list[str]:
    """The direction is that of the table, and the hypothesis says it."""
    row = find_row(finding, study)
    if row is None or row.r is None:
        return []
    if row.r * sign_of(finding.direction) <= 0:
        return [f"the table shows {finding.entity} in the other direction (r = {row.r:.2f})"]
    title = write_title(row, study.view.name(row.entity), finding.direction, objective, study.task.design)
    return [] if title in hypothesis.statement else ["the statement doesn't say what the table shows"]


def check_background(finding: Finding, study: Study) -> list[str]:
    """A set's members are measured features, so that it was compared with what was measured."""
    if Relation(finding.relation) not in BY_SET or not finding.row.members:
        return []
    known = {*study.view.features, *study.view.features.values()}
    foreign = [member for member in finding.row.members if member not in known]
    return [f"{len(foreign)} members of {finding.entity} aren't among the measured features"] if foreign else []


def check_batch(finding: Finding, study: Study) -> list[str]:
    """The batch stands in the model, or the finding was compared within batches when it was made."""
    batch = study.task.design.batch
    if batch is None or has_batch(finding.calls, batch):
        return []
    said = any(batch in caveat for caveat in finding.caveats)
    return [] if said else [f"{batch} isn't in the model of the test, and the finding doesn't say so"]


def check_unit(finding: Finding, study: Study) -> list[str]:
    """Cells of one subject were not taken as independent where the question compares subjects."""
    subject = study.task.design.subject
    about_group = finding.objective.endswith(f"~ {study.task.design.group}")
    if subject is None or study.view.paired or not about_group or finding.row.extra.get("unit_of_analysis") != "cell":
        return []
    return [f"each {subject} is in one group, and its cells were counted as independent: p is far too small"]


def check_circularity(hypothesis: Hypothesis, finding: Finding, study: Study) -> list[str]:
    """What may be circular is said in the statement."""
    design = study.task.design
    if not finding.objective.endswith(f"~ {design.group}"):
        return []
    members = resolve_features([finding.entity, *finding.row.members], study)
    found = find_circularity(study.splits[DISCOVERY], design, members)
    if found and "circular" not in hypothesis.statement:
        return [f"it doesn't say that it may be circular: {found[0].text}"]
    return []


def find_row(finding: Finding, study: Study) -> Row | None:
    """Return the finding's row of the table in the artifact store."""
    rows: Sequence[dict[str, object]] = study.context.artifacts.json(finding.artifacts[0])
    row = next((row for row in rows if row["entity"] == finding.entity), None)
    return None if row is None else Row.model_validate(row)
