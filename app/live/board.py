"""The overview of a run: one row per hypothesis with its stage, and one bar per budget. Pure functions of a record."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.record.record import Record
from pelagos.counts import format_count
from pelagos.facts.work import Intent
from pelagos.nouns import Build, Effect, OutcomeKind, Verdict, VerdictKind

NOT_TESTED = "not tested"


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


@dataclass(frozen=True)
class Row:
    """The state of one hypothesis. `title` names what was done, which may differ from the hypothesis' own title.
    `tested`: what was done tests the hypothesis. `detail` describes the progress within the stage."""

    id: str
    title: str
    stage: Stage
    detail: str = ""
    verdict: VerdictKind | None = None
    effect: Effect | None = None
    suspect: tuple[str, ...] = ()
    tested: bool = True

    @property
    def status(self) -> str:
        return f"{self.stage}: {self.detail}" if self.detail else str(self.stage)

    @property
    def state(self) -> str:
        """The verdict, or the stage where there is none yet. The effect has its own column."""
        if self.suspect or not self.verdict:
            return "suspect" if self.suspect else self.status
        return str(self.verdict) if self.tested or self.verdict is VerdictKind.SUPPORTED else NOT_TESTED


@dataclass(frozen=True)
class Bar:
    """One budget. `cap` is None where there is no limit. `spent` leaves out `unpriced` calls, whose price is
    unknown."""

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
    """Numbers of hypotheses by how far they came. Promising ones were better on validation data, supported ones on
    sealed data as well."""

    proposed: int
    kept: int
    executed: int
    improved: int
    promising: int
    supported: int


BEST, NEWEST = 40, 20
"""Numbers of hypotheses that a table shows of a long run."""


def list_rows(record: Record, newest: int | None = None, best: int = 0) -> list[Row]:
    """Return one row per hypothesis in the order of proposal: of all by default, else of the `newest` and the `best`.
    A condensed record has rows of the hypotheses whose nouns it holds."""
    shown = record.hypotheses if newest is None else choose_hypotheses(record, newest, best)
    return [
        make_row(record, hypothesis)
        for hypothesis in record.proposed
        if hypothesis in shown and hypothesis in record.hypotheses
    ]


def choose_hypotheses(record: Record, newest: int, best: int) -> Collection[str]:
    """Return the newest hypotheses, the first `best` of `rank_hypotheses`, and the one with the best effect."""
    ids = list(record.proposed)
    if len(ids) <= newest + best:
        return record.proposed
    chosen = {*ids[len(ids) - newest :], *(rank_hypotheses(record, ids)[:best] if best else ())}
    best_verdict = find_best_verdict(record) if best else None
    return chosen | {best_verdict.hypothesis} if best_verdict else chosen


def find_best_verdict(record: Record) -> Verdict | None:
    """Return the verdict with the best effect among those that are not suspect, None where there is none."""
    verdicts = (verdict for verdict in record.verdicts.values() if verdict.hypothesis in record.proposed)
    return max(
        (verdict for verdict in verdicts if verdict.effect and not verdict.suspect),
        key=lambda verdict: verdict.gain,
        default=None,
    )


def rank_hypotheses(record: Record, hypotheses: Iterable[str]) -> list[str]:
    """Return the hypotheses, the best first: supported, promising, others by effect, suspect, running. The rest keep
    their order."""
    return sorted(hypotheses, key=lambda id: _rank(record, id))


def _rank(record: Record, id: str) -> tuple[int, float]:
    verdict = record.verdicts.get(id)
    if verdict is None:
        return (4 if record.experiments.has_any(id) else 5), 0.0
    if verdict.suspect:
        return 3, 0.0
    if verdict.kind is VerdictKind.SUPPORTED:
        return 0, -verdict.gain
    return (1 if verdict.kind is VerdictKind.PROMISING or id in record.claims else 2), -verdict.gain


def count_funnel(record: Record) -> Funnel:
    proposed = set(record.proposed)
    verdicts = [verdict for verdict in record.verdicts.values() if verdict.hypothesis in proposed]
    return Funnel(
        proposed=len(proposed),
        kept=len(proposed & record.kept),
        executed=len(proposed & record.executed),
        improved=sum(verdict.gain > 0 and not verdict.suspect for verdict in verdicts),
        promising=sum(
            verdict.kind is VerdictKind.PROMISING or verdict.hypothesis in record.claims for verdict in verdicts
        ),
        supported=sum(verdict.kind is VerdictKind.SUPPORTED for verdict in verdicts),
    )


def list_budgets(record: Record, now: float | None = None) -> list[Bar]:
    """Return a bar per budget. `now` (Unix seconds) extends the wall clock of a run in progress."""
    caps: dict[str, Any] = record.settings.get("caps") or {}
    spent = record.spent
    return [
        Bar("tokens", spent.tokens, caps.get("tokens"), ""),
        Bar("experiments", spent.experiments or record.isolations.total(), caps.get("experiments"), ""),
        Bar("wall clock", record.compute_elapsed(now), caps.get("seconds"), "s"),
        Bar("cost", spent.usd, caps.get("usd"), "USD", spent.unpriced),
    ]


def make_row(record: Record, hypothesis: str) -> Row:
    """Return the row of a hypothesis whose nouns the record holds."""
    stage, detail = _find_stage(record, hypothesis)
    verdict = record.verdicts.get(hypothesis)
    return Row(
        id=hypothesis,
        title=record.find_title(hypothesis),
        stage=stage,
        detail=detail,
        verdict=verdict.kind if verdict else None,
        effect=verdict.effect if verdict else None,
        suspect=tuple(verdict.suspect) if verdict else (),
        tested=record.is_tested(hypothesis),
    )


def _find_stage(record: Record, hypothesis: str) -> tuple[Stage, str]:
    """Return the last stage that was reached, and the progress within it."""
    if hypothesis in record.verdicts:
        return Stage.JUDGED, _describe_verdict(record.verdicts[hypothesis])
    running = _describe_running(record, hypothesis)
    if running:
        return Stage.RUNNING, running
    builds = record.builds.list_of(hypothesis)
    if builds:
        return _find_build_stage(builds)
    return _find_early_stage(record, hypothesis)


def _describe_verdict(verdict: Verdict) -> str:
    kind = "suspect" if verdict.suspect else str(verdict.kind)
    return kind if verdict.effect is None else f"{kind} ({verdict.effect.value:+.3g})"


def _describe_running(record: Record, hypothesis: str) -> str:
    experiments = [
        experiment for experiment in record.experiments.list_of(hypothesis) if experiment.split == "validation"
    ]
    pending = _list_pending(record, "experiment", hypothesis)
    if not experiments and not pending:
        return ""
    seeds = max(int((record.settings.get("judge") or {}).get("min_seeds", 0)), len(experiments) + len(pending))
    failures = [
        str(experiment.cause or experiment.outcome)
        for experiment in experiments
        if experiment.outcome is not OutcomeKind.OK
    ]
    return f"seed {min(len(experiments) + 1, seeds)} of {seeds}" + (f", {failures[-1]}" if failures else "")


def _find_build_stage(builds: list[Build]) -> tuple[Stage, str]:
    if any(build.version for build in builds):
        return Stage.BUILT, f"after {format_count(len(builds[-1].tries), 'try')}"
    return Stage.FAILED, builds[-1].cause


def _find_early_stage(record: Record, hypothesis: str) -> tuple[Stage, str]:
    if record.node_by_hypothesis.get(hypothesis) == "build":
        calls = record.coder_calls[hypothesis]
        return Stage.BUILDING, f"try {calls + bool(_list_pending(record, 'model', hypothesis))}" if calls else ""
    if hypothesis in record.list_waiting():
        return Stage.WAITING, record.find_decision(hypothesis)
    plans = record.plans.list_of(hypothesis)
    if plans:
        best = max((plan.score for plan in plans if plan.score is not None), default=None)
        return Stage.PLANNED, format_count(len(plans), "plan") + (f", best {best:.2f}" if best is not None else "")
    screened = record.screened.get(hypothesis)
    if screened is None:
        return Stage.IDEA, ""
    return (Stage.KEPT, "") if screened.kept else (Stage.DROPPED, screened.reason)


def _list_pending(record: Record, kind: str, hypothesis: str) -> list[Intent]:
    intents = [intent for (pending_kind, _), intent in record.pending.items() if pending_kind == kind]
    return [intent for intent in intents if record.find_owner(intent) == hypothesis]
