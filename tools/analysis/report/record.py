"""Reads what an analysis left in the ledger: objectives with their runs, and hypotheses with their tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pelagos.errors import PelagosError
from pelagos.nouns import Claim, Experiment, Hypothesis, Split, Verdict
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Finding
from tools.analysis.planning.records import CallsRun, Chosen, Dropped, Explored, Proposed, Ranking, Revision
from tools.analysis.trials.audit.audit import Audited
from tools.analysis.trials.experiment import BASELINE
from tools.analysis.trials.results import RESULTS, TestResult
from tools.toolchain import Context

M = TypeVar("M", bound=BaseModel)

SPLITS: tuple[Split, ...] = ("validation", "sealed")
ORDER = ("supported", "promising", "undecided", "not tested", "equivalent", "refuted", "suspect")


class Look(BaseModel):
    """The first look at a part of the samples (`DataView.summary`)."""

    model_config = ConfigDict(extra="ignore")

    samples: float = 0
    features: float = 0
    missing: float = 0.0
    states: list[str] = []
    groups: dict[str, dict[str, int]] = {}
    columns: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Tested:
    """A hypothesis with the finding that it says, and its tests by split, those of the last experiment."""

    hypothesis: Hypothesis
    finding: Finding
    rejected: Sequence[Dropped] = ()
    results: Mapping[Split, Sequence[TestResult]] = field(default_factory=dict)
    verdict: Verdict | None = None
    claim: Claim | None = None
    audit: Audited | None = None

    @property
    def state(self) -> str:
        """One of ORDER."""
        if self.verdict is not None and self.verdict.suspect:
            return "suspect"
        if self.claim is not None and self.claim.held:
            return "supported"
        return "not tested" if self.verdict is None else str(self.verdict.kind)

    def primary(self, split: Split) -> TestResult | None:
        """Return the required test on a split."""
        return next((each for each in self.results.get(split, ()) if each.implication.required), None)


@dataclass(frozen=True)
class AnalysisRecord:
    """`looks`: part of the samples -> the first look at it. `chosen`: objective -> who chose it. `runs` are all runs of
    calls, the null controls too."""

    explored: Sequence[Explored]
    tested: Sequence[Tested] = ()
    runs: Sequence[CallsRun] = ()
    rankings: Mapping[str, Ranking] = field(default_factory=dict)
    revisions: Sequence[Revision] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)
    looks: Mapping[str, Look] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def find_run(self, explored: Explored) -> CallsRun | None:
        """Return the run that left the table of an objective."""
        return next((run for run in self.runs if explored.table and explored.table in run.tables.values()), None)


def read_record(context: Context) -> AnalysisRecord:
    ledger = context.steps.ledger
    explored = list(ledger.facts(Explored).values())
    experiments, runs = list(ledger.facts(Experiment).values()), list(ledger.facts(CallsRun).values())
    return AnalysisRecord(
        explored=explored,
        tested=_read_tested(experiments, context),
        runs=runs,
        rankings=ledger.facts(Ranking),
        revisions=list(ledger.facts(Revision).values()),
        chosen={each.objective: each.by for each in ledger.facts(Chosen).values()},
        looks=_look_by_runs(runs) | _read_looks(experiments, context),
        tables={each.table: _read_table(each.table, context) for each in explored if each.table},
    )


def _read_tested(experiments: Sequence[Experiment], context: Context) -> list[Tested]:
    ledger = context.steps.ledger
    verdicts = {each.hypothesis: each for each in ledger.facts(Verdict).values()}
    claims = {each.hypothesis: each for each in ledger.facts(Claim).values()}
    audits = {each.hypothesis: each for each in ledger.facts(Audited).values()}
    newest = {(each.hypothesis, each.split): each for each in experiments if RESULTS in each.files}
    made = [
        Tested(
            hypothesis=proposed.hypothesis,
            finding=proposed.finding,
            rejected=proposed.rejected,
            results={split: _read_results(newest.get((id, split)), context) for split in SPLITS},
            verdict=verdicts.get(id),
            claim=claims.get(id),
            audit=audits.get(id),
        )
        for id, proposed in ledger.facts(Proposed).items()
        if proposed.hypothesis is not None and proposed.finding is not None
    ]
    return sorted(made, key=_rank)


def _rank(tested: Tested) -> tuple[int, float]:
    """Sort by verdict, then by the smallest p-value on the samples kept apart."""
    ps = [result.p for split in SPLITS if (result := tested.primary(split)) is not None]
    return ORDER.index(tested.state) if tested.state in ORDER else len(ORDER), min(ps, default=1.0)


def _read_results(experiment: Experiment | None, context: Context) -> list[TestResult]:
    if experiment is None:
        return []
    return _read_list(experiment.files[RESULTS], TestResult, context)


def _read_table(artifact: str, context: Context) -> list[Row]:
    return _read_list(artifact, Row, context)


def _read_list(artifact: str, model: type[M], context: Context) -> list[M]:
    """Return the records of an artifact; none where it is damaged."""
    try:
        return [model.model_validate(each) for each in context.artifacts.json(artifact)]
    except (PelagosError, ValidationError, TypeError):
        return []


def _look_by_runs(runs: Sequence[CallsRun]) -> dict[str, Look]:
    """Return what runs of calls say of their samples: their number, and that of the features after the calls."""
    looks: dict[str, Look] = {}
    for run in runs:
        if run.ok and not run.permuted and run.summary and run.data not in looks:
            counts = {name: run.summary.get(name, 0) for name in ("samples", "features", "missing")}
            looks[run.data] = Look.model_validate(counts)
    return looks


def _read_looks(experiments: Sequence[Experiment], context: Context) -> dict[str, Look]:
    looks: dict[str, Look] = {}
    for each in experiments:
        if each.version == BASELINE and "summary" in each.files:
            part = "discovery" if each.split == "smoke" else each.split
            found = _read_look(each.files["summary"], context)
            looks |= {part: found} if found is not None else {}
    return looks


def _read_look(artifact: str, context: Context) -> Look | None:
    try:
        shown = context.artifacts.json(artifact)
        renamed = {"missing": shown.get("missing share", 0.0), "groups": shown.get("groups by batch", {})}
        return Look.model_validate({**shown, **renamed})
    except (PelagosError, ValidationError, AttributeError, TypeError):
        return None
