"""The log of revisions: each is a fact of its objective, in order, recorded once."""

from __future__ import annotations

from tools.analysis.planning.records import Objective, Revision
from tools.analysis.planning.study import Study


def record_revision(study: Study, objective: Objective, revision: Revision) -> None:
    """Record the next revision of an objective. One that is recorded already stays as it is."""
    ledger, number = study.context.steps.ledger, 0
    while (known := ledger.fact(Revision, f"{objective.id}/{number}")) is not None:
        if known == revision:
            return
        number += 1
    ledger.record(revision, f"{objective.id}/{number}")
    study.context.say(f"{objective.id}: {revision.reason}")
