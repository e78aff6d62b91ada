"""The run at a glance: one row per hypothesis with its stage, and one bar per budget. Pure functions of a record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.record import Record
from app.words import count
from pelagos.nouns import Build, OutcomeKind, Verdict, VerdictKind


class Stage(StrEnum):
    IDEA = "idea"
    DROPPED = "screened out"
    KEPT = "kept"
    PLANNED = "planned"
    WAITING = "waits for a review"
    BUILDING = "building"
    FAILED = "did not build"
    BUILT = "built"
    RUNNING = "running"
    JUDGED = "judged"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Row:
    """One hypothesis now. `detail` says how far it is inside its stage; effects are oriented, in the metric's unit."""

    id: str
    title: str
    stage: Stage
    detail: str = ""
    verdict: VerdictKind | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    e_value: float | None = None
    confirmed: bool | None = None
    suspect: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        return f"{self.stage}: {self.detail}" if self.detail else str(self.stage)

    @property
    def state(self) -> str:
        """The verdict where there is one, the stage before; its effect stands in a column of its own."""
        if self.confirmed is not None:
            return "confirmed" if self.confirmed else "not confirmed"
        return "suspect" if self.suspect else str(self.verdict or self.status)


@dataclass(frozen=True)
class Bar:
    """One budget. `cap` is None where there is none; `unpriced` calls are left out."""

    name: str
    spent: float
    cap: float | None
    unit: str
    unpriced: int = 0

    @property
    def share(self) -> float | None:
        return min(1.0, self.spent / self.cap) if self.cap else None


@dataclass(frozen=True)
class Funnel:
    """How many hypotheses came how far. Confirmed is None until the sealed split was looked at."""

    proposed: int
    kept: int
    executed: int
    improved: int
    supported: int
    confirmed: int | None


def rows(record: Record, newest: int | None = None) -> list[Row]:
    """One per hypothesis, by default of all, else of the newest."""
    every = list(record.hypotheses)
    return [_row(record, one) for one in every[-newest if newest else 0 :]]


def funnel(record: Record) -> Funnel:
    every = list(record.hypotheses)
    looks = [verdict for verdict in record.verdicts.values() if verdict.hypothesis in record.hypotheses]
    return Funnel(
        proposed=len(every),
        kept=sum(bool(record.screened.get(one, {}).get("kept")) for one in every),
        executed=sum(executed(record, one) for one in every),
        improved=sum((verdict.effect or 0.0) > 0 and not verdict.suspect for verdict in looks),
        supported=sum(verdict.kind is VerdictKind.SUPPORTED for verdict in looks),
        confirmed=sum(bool(one.get("confirmed")) for one in record.confirmed.values()) if record.confirmed else None,
    )


def executed(record: Record, hypothesis: str) -> bool:
    """Whether a full run of it ended with a score on the validation split."""
    scored = record.of_hypothesis(hypothesis)
    return any(one.outcome is OutcomeKind.OK and one.split == "validation" and one.score is not None for one in scored)


def bars(record: Record, now: float | None = None) -> list[Bar]:
    """Budget bars. `now` extends the wall clock of a run that is going on (Unix seconds)."""
    caps: dict[str, Any] = record.settings.get("caps") or {}
    spent = record.spent
    return [
        Bar("tokens", spent.tokens, caps.get("tokens"), ""),
        Bar("experiments", spent.experiments or len(record.experiments), caps.get("experiments"), ""),
        Bar("wall clock", record.elapsed(now), caps.get("seconds"), "s"),
        Bar("cost", spent.usd, caps.get("usd"), "USD", spent.unpriced),
    ]


def _row(record: Record, hypothesis: str) -> Row:
    one = record.hypotheses[hypothesis]
    stage, detail = _stage(record, hypothesis)
    look = record.verdicts.get(hypothesis)
    seal = record.confirmed.get(hypothesis)
    return Row(
        id=hypothesis,
        title=one.title,
        stage=stage,
        detail=detail,
        verdict=look.kind if look else None,
        effect=look.effect if look else None,
        low=look.low if look else None,
        high=look.high if look else None,
        e_value=look.e_value if look else None,
        confirmed=bool(seal.get("confirmed")) if seal else None,
        suspect=tuple(look.suspect) if look else (),
    )


def _stage(record: Record, hypothesis: str) -> tuple[Stage, str]:
    """The furthest stage reached; looked up from the end, since a later fact outranks an earlier one."""
    if hypothesis in record.confirmed:
        held = record.confirmed[hypothesis].get("confirmed")
        return Stage.CONFIRMED, "holds on sealed data" if held else "does not hold on sealed data"
    if hypothesis in record.verdicts:
        return Stage.JUDGED, _judged(record.verdicts[hypothesis])
    running = _running(record, hypothesis)
    if running:
        return Stage.RUNNING, running
    builds = record.builds.get(hypothesis, [])
    if builds:
        return _built(builds)
    return _before_build(record, hypothesis)


def _judged(verdict: Verdict) -> str:
    said = "suspect" if verdict.suspect else str(verdict.kind)
    return said if verdict.effect is None else f"{said} ({verdict.effect:+.3g})"


def _running(record: Record, hypothesis: str) -> str:
    runs = [one for one in record.of_hypothesis(hypothesis) if one.split == "validation"]
    under_way = _pending(record, "experiment", hypothesis)
    if not runs and not under_way:
        return ""
    seeds = max(int((record.settings.get("judge") or {}).get("min_seeds", 0)), len(runs) + len(under_way))
    bad = [str(one.cause or one.outcome) for one in runs if one.outcome is not OutcomeKind.OK]
    return f"seed {min(len(runs) + 1, seeds)} of {seeds}" + (f", {bad[-1]}" if bad else "")


def _built(builds: list[Build]) -> tuple[Stage, str]:
    if any(one.version for one in builds):
        return Stage.BUILT, f"after {count(len(builds[-1].tries), 'try')}"
    return Stage.FAILED, builds[-1].cause


def _before_build(record: Record, hypothesis: str) -> tuple[Stage, str]:
    if record.nodes.get(hypothesis) == "build":
        asked = record.drafts[hypothesis]
        return Stage.BUILDING, f"try {asked + bool(_pending(record, 'model', hypothesis))}" if asked else ""
    if hypothesis in record.waiting():
        return Stage.WAITING, str(record.decisions.get(record.wanted[hypothesis], {}).get("decision", ""))
    plans = record.plans.get(hypothesis, [])
    if plans:
        best = max((plan.score for plan in plans if plan.score is not None), default=None)
        return Stage.PLANNED, count(len(plans), "plan") + (f", best {best:.2f}" if best is not None else "")
    screened = record.screened.get(hypothesis)
    if screened is None:
        return Stage.IDEA, ""
    return (Stage.KEPT, "") if screened.get("kept") else (Stage.DROPPED, str(screened.get("reason", "")))


def _pending(record: Record, kind: str, hypothesis: str) -> list[dict[str, Any]]:
    found = [payload for (one, _), payload in record.pending.items() if one == kind]
    return [payload for payload in found if record.owner(payload) == hypothesis]
