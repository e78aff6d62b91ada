"""The contents of the report: facts of a record with the ids of the experiments behind each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, stdev

from agents.fidelity.titles import describe_fidelity
from app.formatting import UNKNOWN_PRICE, format_money
from app.live.board import Row, list_rows, rank_hypotheses
from app.record.record import Record
from app.report.differences import list_differences
from app.report.diffs import DiffLine, split_diff
from pelagos.facts.external import ToolCall
from pelagos.facts.ideas import Screened
from pelagos.nouns import (
    Build,
    Claim,
    Effect,
    Experiment,
    Fidelity,
    Hypothesis,
    Lesson,
    Plan,
    RankedPaper,
    Verdict,
)
from tools.paired.seed_dependence import describe_missing_noise

Text = Callable[[str], str]
"""Artifact id -> its text. May raise DamagedRun."""
BEST, NEWEST = 150, 50
"""Numbers of hypotheses that the report of a long run shows."""
ANSWER_CHARS = 2_000


@dataclass(frozen=True)
class Baseline:
    """The noise floor: mean and standard deviation over seeds, with the experiments behind them."""

    mean: float | None
    spread: float | None
    experiments: list[Experiment]

    @property
    def evidence(self) -> list[str]:
        return [experiment.id for experiment in self.experiments if experiment.score is not None]

    @property
    def warning(self) -> str:
        """'' or a sentence that its seeds show no noise, and what that means."""
        return describe_missing_noise(self.experiments)


@dataclass(frozen=True)
class Consulted:
    """A call of a tool from outside, with the beginning of its answer."""

    call: ToolCall
    answer: str

    @property
    def cut(self) -> int:
        """How many characters of the answer aren't shown."""
        return max(self.call.chars - len(self.answer), 0)


@dataclass(frozen=True)
class Finding:
    """All facts of one hypothesis. `differences` are measured against the baseline; `tokens` and `seconds` are its
    cost."""

    row: Row
    hypothesis: Hypothesis
    screened: Screened | None
    papers: list[RankedPaper]
    plans: list[Plan]
    builds: list[Build]
    experiments: list[Experiment]
    verdict: Verdict | None
    sealed: Claim | None
    lesson: Lesson | None
    seconds: float
    tokens: int
    price: str
    differences: list[str] = field(default_factory=list)
    fidelity: Fidelity | None = None
    diff: list[DiffLine] = field(default_factory=list)
    consulted: list[Consulted] = field(default_factory=list)
    reading: str = ""

    @property
    def id(self) -> str:
        return self.hypothesis.id

    @property
    def title(self) -> str:
        """What was done where it differs from the hypothesis, else the hypothesis' title."""
        return self.row.title

    @property
    def fidelity_text(self) -> str:
        """Whether what was done is what the hypothesis says, who decided it, and by which evidence."""
        return describe_fidelity(self.fidelity) if self.fidelity else ""

    @property
    def effect(self) -> Effect | None:
        return self.row.effect

    @property
    def evidence(self) -> list[str]:
        return self.verdict.evidence if self.verdict else []

    @property
    def suspect(self) -> list[str]:
        return self.verdict.suspect if self.verdict else []


def measure_baseline(record: Record) -> Baseline:
    experiments = [experiment for experiment in record.experiments.list_of(None) if experiment.split == "validation"]
    scores = [experiment.score for experiment in experiments if experiment.score is not None]
    spread = stdev(scores) if len(scores) > 1 else None
    return Baseline(fmean(scores) if scores else None, spread, experiments)


def collect_findings(record: Record, text: Text) -> list[Finding]:
    """Return the hypotheses with their diffs, the best first. Of a long run only the best and the newest are returned,
    since no browser opens a page of thousands."""
    rows_by_id = {row.id: row for row in list_rows(record, NEWEST, BEST)}
    papers = {ranked.paper.id: ranked for ranked in record.survey}
    return [make_finding(record, rows_by_id[id], papers, text) for id in rank_hypotheses(record, rows_by_id)]


def _read_diff(lesson: Lesson | None, text: Text) -> list[DiffLine]:
    return split_diff(text(lesson.diff)) if lesson and lesson.diff else []


def _read_answer(call: ToolCall, text: Text) -> Consulted:
    return Consulted(call, text(call.output)[:ANSWER_CHARS] if call.output else "")


def count_isolations(record: Record) -> list[tuple[str, int]]:
    """Return each kind of isolation with the number of its experiments."""
    return [(name or "not recorded", count) for name, count in record.isolations.most_common()]


def list_models(record: Record) -> list[tuple[str, str]]:
    """Return each model that was called, with its roles."""
    roles: dict[str, set[str]] = {}
    for spec, role in record.calls:
        roles.setdefault(spec, set()).add(role)
    return [(spec, ", ".join(sorted(names))) for spec, names in roles.items()]


def count_seal_touches(record: Record) -> int | None:
    """Return the touches of the sealed split over all runs of the project, as this run counted them; None where it made
    no claim."""
    return max((claim.touches for claim in record.claims.values()), default=None)


def find_level_left(record: Record) -> float | None:
    """Return the error level of these sealed data that this run's last test left; None where it made no test or the
    level of the test isn't known."""
    levels = [claim.left for claim in record.claims.values() if claim.level]
    return levels[-1] if levels else None


def make_finding(record: Record, row: Row, papers: Mapping[str, RankedPaper], text: Text) -> Finding:
    """Return the facts of the hypothesis of `row`; `papers` are those of the survey by id."""
    hypothesis = record.hypotheses[row.id]
    lesson, experiments = record.lessons.get(row.id), record.experiments.list_of(row.id)
    tokens = lesson.tokens if lesson else 0
    return Finding(
        row=row,
        hypothesis=hypothesis,
        screened=record.screened.get(row.id),
        papers=[papers[paper] for paper in hypothesis.papers if paper in papers],
        plans=sorted(record.plans.list_of(row.id), key=lambda plan: -(plan.score or 0.0)),
        builds=record.builds.list_of(row.id),
        experiments=sorted(experiments, key=lambda experiment: (experiment.split, experiment.seed)),
        verdict=record.verdicts.get(row.id),
        sealed=record.claims.get(row.id),
        lesson=lesson,
        seconds=lesson.seconds if lesson and lesson.seconds else sum(experiment.seconds for experiment in experiments),
        tokens=tokens,
        price=_estimate_price(record, tokens),
        differences=list_differences(record, row.id),
        fidelity=record.find_fidelity(row.id),
        diff=_read_diff(lesson, text),
        consulted=[_read_answer(call, text) for call in record.list_tool_calls(row.id)],
        reading=record.tool_readings.get(row.id, ""),
    )


def _estimate_price(record: Record, tokens: int) -> str:
    """Return this hypothesis' share of the run's known dollars, by its tokens. Hypotheses share calls, so no exact
    price exists."""
    spent = record.spent
    if spent.unpriced:
        return UNKNOWN_PRICE
    if not spent.usd:
        return format_money(0.0)
    return f"about {format_money(spent.usd * tokens / spent.tokens)}" if spent.tokens else format_money(spent.usd)
