"""Upgrades facts of earlier versions to today's. There validation data said "supported", and sealed data confirmed it
or didn't."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pelagos.nouns import FLAT_EFFECT_FIELDS, Claim, Verdict, VerdictKind

Payload = Mapping[str, Any]
FORMER_FIELDS = {"cycle", "checks", "cost"}
"""Fields that only an earlier version had, and the one that a step adds."""


def _upgrade_verdict(key: str, payload: Payload) -> Payload:
    """An earlier version called supported what was only selected; today that is promising."""
    if "e_value" not in payload:
        return payload
    kept = {name: value for name, value in payload.items() if name != "e_value"}
    return {**kept, "kind": VerdictKind.PROMISING} if kept["kind"] == VerdictKind.SUPPORTED else kept


def _upgrade_claim(key: str, payload: Payload) -> Payload:
    """Make a claim of a `confirmed` fact. Errors were controlled over the winners of that run, so no level is known."""
    kept = {name: payload[name] for name in (*Claim.model_fields, *FLAT_EFFECT_FIELDS) if name in payload}
    replaced = {"id": key, "version": "", "level": 0.0, "left": 0.0, "held": bool(payload.get("confirmed"))}
    return {"reason": "", **kept, **replaced}


def _upgrade_started(key: str, payload: Payload) -> Payload:
    task = payload.get("task", "")
    return {**payload, "task": task.get("name", "")} if isinstance(task, Mapping) else payload


def _upgrade_survey(key: str, payload: Payload) -> Payload:
    return {**payload, "papers": payload.get("papers") or payload.get("ranked") or []}


UPGRADES: dict[str, Callable[[str, Payload], Payload]] = {
    "verdict": _upgrade_verdict, "confirmed": _upgrade_claim, "run.started": _upgrade_started,
    "survey": _upgrade_survey,
}  # fmt: skip
"""Kind -> the function that returns today's payload of a row's key and payload."""


def apply_claim(verdict: Verdict, claim: Claim) -> Verdict:
    """Return the verdict after the claim was tested on sealed data."""
    kind = VerdictKind.SUPPORTED if claim.held else VerdictKind.UNDECIDED
    reason = f"{'holds' if claim.held else 'does not hold'} on sealed data: {claim.reason}"
    return verdict.model_copy(update={"kind": kind, "reason": reason})
