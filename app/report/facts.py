"""What the report says, before it has a form: facts of a record with the ids of the experiments behind each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, stdev

from agents.judging.seedless import warning
from app.board import Row, rows
from app.record import Record
from app.report.diffs import DiffLine, diff_lines
from app.words import UNKNOWN_PRICE, money
from pelagos.nouns import (
    Build,
    Experiment,
    Hypothesis,
    Lesson,
    OutcomeKind,
    Plan,
    RankedPaper,
    Verdict,
    VerdictKind,
)

Text = Callable[[str], str]
BEST, NEWEST = 150, 50  # hypotheses that are shown whole
"""Artifact id -> its text; may raise DamagedRun."""


@dataclass(frozen=True)
class Baseline:
    """The noise floor: mean and standard deviation over seeds, with the experiments behind them."""

    mean: float | None
    spread: float | None
    experiments: list[Experiment]

    @property
    def evidence(self) -> list[str]:
        return [one.id for one in self.experiments if one.score is not None]

    @property
    def warning(self) -> str:
        """'' or that its seeds show no noise, and what that means."""
        return warning(self.experiments)


@dataclass(frozen=True)
class Sealed:
    """What the sealed split said of a winner."""

    confirmed: bool
    effect: float | None
    low: float | None
    high: float | None
    score: float | None
    evidence: list[str]


@dataclass(frozen=True)
class Finding:
    """One hypothesis from birth to verdict."""

    row: Row
    hypothesis: Hypothesis
    screened: dict[str, object]
    papers: list[RankedPaper]
    plans: list[Plan]
    builds: list[Build]
    experiments: list[Experiment]
    verdict: Verdict | None
    sealed: Sealed | None
    lesson: Lesson | None
    seconds: float
    tokens: int
    price: str
    diff: list[DiffLine] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.hypothesis.id

    @property
    def evidence(self) -> list[str]:
        return self.verdict.evidence if self.verdict else []

    @property
    def suspect(self) -> list[str]:
        return self.verdict.suspect if self.verdict else []


def baseline(record: Record) -> Baseline:
    runs = [one for one in record.of_hypothesis(None) if one.split == "validation"]
    scores = [one.score for one in runs if one.score is not None]
    spread = stdev(scores) if len(scores) > 1 else None
    return Baseline(fmean(scores) if scores else None, spread, runs)


def findings(record: Record) -> list[Finding]:
    """Every hypothesis, the best first: confirmed, supported, by effect, suspect; the rest in their order. No diffs."""
    return sorted((_finding(record, row) for row in rows(record)), key=_rank)


def detailed(found: Sequence[Finding], record: Record, text: Text) -> list[Finding]:
    """Those that are shown whole, with their diffs, in the order of `found`: all, or of a long run the best and the
    newest, since a page of thousands opens nowhere."""
    newest = set(list(record.hypotheses)[len(record.hypotheses) - NEWEST :])
    shown = [one for place, one in enumerate(found) if place < BEST or one.id in newest]
    return [replace(one, diff=_diff(one, text)) for one in shown]


def _diff(finding: Finding, text: Text) -> list[DiffLine]:
    return diff_lines(text(finding.lesson.diff)) if finding.lesson and finding.lesson.diff else []


def isolation(record: Record) -> list[tuple[str, int]]:
    """What isolated the experiments, with how many."""
    return Counter(one.isolation or "not recorded" for one in record.experiments.values()).most_common()


def models(record: Record) -> list[tuple[str, str]]:
    """Each model that was asked, with the roles it took."""
    roles: dict[str, set[str]] = {}
    for call in record.calls:
        roles.setdefault(str(call["spec"]), set()).add(str(call["role"]))
    return [(spec, ", ".join(sorted(taken))) for spec, taken in roles.items()]


def seal_touched(record: Record) -> int:
    """How often predictions for the sealed split were scored."""
    return sum(one.split == "sealed" for one in record.experiments.values())


def seal_touched_ever(record: Record) -> int | None:
    """The same over all runs of the project, as this run's confirm counted it; None where it didn't look."""
    counted = [int(fact["touches"]) for fact in record.confirmed.values() if fact.get("touches") is not None]
    return max(counted, default=None)


def failures(record: Record) -> list[tuple[str, int]]:
    """Cause classes of tries and experiments that did not work out, the most frequent first."""
    tries = [attempt.cause for builds in record.builds.values() for build in builds for attempt in build.tries]
    bad = [str(one.cause or one.outcome) for one in record.experiments.values() if one.outcome is not OutcomeKind.OK]
    return Counter(cause.partition(":")[0] for cause in [*tries, *bad] if cause and cause != "ok").most_common()


def _finding(record: Record, row: Row) -> Finding:
    one = record.hypotheses[row.id]
    lesson, runs = record.lessons.get(row.id), record.of_hypothesis(row.id)
    known = {ranked.paper.id: ranked for ranked in record.survey}
    tokens = lesson.tokens if lesson else 0
    return Finding(
        row=row,
        hypothesis=one,
        screened=dict(record.screened.get(row.id, {})),
        papers=[known[paper] for paper in one.papers if paper in known],
        plans=sorted(record.plans.get(row.id, []), key=lambda plan: -(plan.score or 0.0)),
        builds=record.builds.get(row.id, []),
        experiments=sorted(runs, key=lambda run: (run.split, run.seed)),
        verdict=record.verdicts.get(row.id),
        sealed=_sealed(record, row.id),
        lesson=lesson,
        seconds=lesson.seconds if lesson and lesson.seconds else sum(run.seconds for run in runs),
        tokens=tokens,
        price=_price(record, tokens),
    )


def _sealed(record: Record, hypothesis: str) -> Sealed | None:
    fact = record.confirmed.get(hypothesis)
    if fact is None:
        return None
    evidence = [str(one) for one in fact.get("evidence") or []]
    runs = [record.experiments[one] for one in evidence if one in record.experiments]
    scores = [one.score for one in runs if one.score is not None and one.hypothesis == hypothesis]
    score = fmean(scores) if scores else None
    return Sealed(bool(fact.get("confirmed")), fact.get("effect"), fact.get("low"), fact.get("high"), score, evidence)


def _price(record: Record, tokens: int) -> str:
    """The run's known dollars by this hypothesis' share of the tokens; calls are shared, so there is no exact one."""
    spent = record.spent
    if spent.unpriced:
        return UNKNOWN_PRICE
    if not spent.usd:
        return money(0.0)
    return f"about {money(spent.usd * tokens / spent.tokens)}" if spent.tokens else money(spent.usd)


def _rank(finding: Finding) -> tuple[int, float]:
    if finding.verdict is None:
        return (4 if finding.experiments else 5), 0.0
    if finding.verdict.suspect:
        return 3, 0.0
    held = bool(finding.sealed and finding.sealed.confirmed)
    supported = finding.verdict.kind is VerdictKind.SUPPORTED
    return (0 if held else 1 if supported else 2), -(finding.verdict.effect or 0.0)
