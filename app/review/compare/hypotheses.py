"""Two hypotheses side by side, of one run or of two: numbers, plans, changes, experiments, and what was done for
each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.formatting import add_unit, format_duration, format_effect, format_interval, format_line, format_number
from app.live.board import make_row
from app.report.build import make_text_reader
from app.report.facts import Finding, make_finding
from app.report.plots import Axis
from app.review.compare.lines import Line, pair_values
from app.review.compare.runs import RunSide, list_warnings
from app.review.compare.trace import Moment, read_trace
from pelagos.errors import BadInput
from pelagos.nouns import Effect


@dataclass(frozen=True)
class HypothesisSide:
    """One hypothesis of a run."""

    run: RunSide
    finding: Finding
    trace: list[Moment]

    @property
    def id(self) -> str:
        return self.finding.id

    @property
    def effects(self) -> list[Effect]:
        effects = (self.finding.effect, self.finding.sealed.effect if self.finding.sealed else None)
        return [effect for effect in effects if effect]


@dataclass(frozen=True)
class ComparedHypotheses:
    """`warnings` say why the numbers can't be compared, none where they can. `axis` is common to both."""

    a: HypothesisSide
    b: HypothesisSide
    warnings: list[str]
    numbers: list[Line]
    axis: Axis


def read_hypothesis_side(folder: Path, run: RunSide, id: str) -> HypothesisSide:
    """Return the hypothesis `id`. Raises BadInput where the run has none of that id."""
    record = run.record
    if id not in record.hypotheses:
        raise BadInput(f"hypothesis '{id}': not in the run {run.name}; `pelagos hypotheses` lists all")
    row = make_row(record, id)
    papers = {ranked.paper.id: ranked for ranked in record.survey}
    return HypothesisSide(run, make_finding(record, row, papers, make_text_reader(folder)), read_trace(folder, id))


def compare_hypotheses(a: HypothesisSide, b: HypothesisSide) -> ComparedHypotheses:
    bounds = [bound for side in (a, b) for effect in side.effects for bound in (effect.value, effect.low, effect.high)]
    metric = a.run.record.metric
    return ComparedHypotheses(
        a=a,
        b=b,
        warnings=[] if a.run.name == b.run.name else list_warnings(a.run, b.run),
        numbers=pair_values(_describe(a), _describe(b)),
        axis=Axis.over(bounds, metric.min_effect if metric else 0.0),
    )


def _describe(side: HypothesisSide) -> dict[str, str]:
    finding, metric = side.finding, side.run.record.metric
    effect, sealed = finding.effect, finding.sealed
    values = {
        "verdict": finding.row.state,
        "effect": add_unit(format_effect(effect), metric) if effect else "",
        "interval": format_interval(effect),
        "p-value": format_number(effect.p_value) if effect else "",
        "seeds": str(effect.seeds) if effect else "",
        "score": format_number(effect.score) if effect else "",
        "baseline": format_number(effect.baseline_score) if effect else "",
        "sealed claim": sealed.ending if sealed else "",
        "sealed effect": add_unit(format_effect(sealed.effect), metric) if sealed and sealed.effect else "",
        "sealed interval": format_interval(sealed.effect) if sealed else "",
        "is it what it says": str(finding.fidelity.answer) if finding.fidelity else "",
        "novelty": finding.screened.novelty if finding.screened else "",
    }
    return values | _describe_cost(side)


def _describe_cost(side: HypothesisSide) -> dict[str, str]:
    finding = side.finding
    scored = [plan.score for plan in finding.plans if plan.score is not None]
    return {
        "target": format_line(finding.hypothesis.target, 80),
        "plan score": format_number(max(scored)) if scored else "",
        "model calls": str(sum(moment.kind == "call" for moment in side.trace)),
        "tries": str(sum(len(build.tries) for build in finding.builds)),
        "experiments": str(len(finding.experiments)),
        "time": format_duration(finding.seconds) if finding.seconds else "",
        "tokens": f"{finding.tokens:,}" if finding.tokens else "",
        "price": finding.price if finding.tokens else "",
    }
