"""Lists the measured differences between a hypothesis' version and the baseline, first those that the hypothesis does
not name."""

from __future__ import annotations

from agents.judging.confounders import describe_changes, join_hypothesis_text
from app.record.record import Record
from pelagos.nouns import Signature


def list_differences(record: Record, hypothesis: str) -> list[str]:
    """Return a line per difference, none where the toolchain measures nothing or the version didn't run."""
    baseline = _find_signature(record, _find_baseline(record))
    signature = _find_signature(record, record.find_version(hypothesis))
    if baseline is None or signature is None:
        return []
    built_plans = {build.plan for build in record.builds.list_of(hypothesis)}
    plans = [plan for plan in record.plans.list_of(hypothesis) if plan.id in built_plans]
    return describe_changes(join_hypothesis_text(record.hypotheses[hypothesis], plans), baseline, signature)


def _find_signature(record: Record, version: str | None) -> Signature | None:
    return record.signatures.get(version) if version else None


def _find_baseline(record: Record) -> str | None:
    return next((id for id, version in record.versions.items() if version.hypothesis is None), None)
