"""Everything that the page of one hypothesis shows, the evidence first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.record.folders import LEDGER
from app.report.build import make_text_reader
from app.report.facts import make_finding
from app.report.plots import Axis
from app.report.sections.contents import ShownPart
from app.review.contents.curves import draw_all_curves
from app.review.contents.figures import list_figures
from app.review.contents.running import list_running
from app.review.contents.tree import find_parent
from app.review.drawings.seeds_plot import Series, draw_seeds
from app.review.growing.growing_record import GrowingRecord
from app.review.growing.hypothesis_rows import HypothesisRow
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.facts.calls import Call
from pelagos.facts.ideas import Remembered
from pelagos.facts.reader import read
from pelagos.nouns import Claim, Effect, Experiment, Hypothesis

SPLITS = ("validation", "sealed")
LONG_RUN = 200
"""Of a run with more hypotheses the toolchain's section is not read for the page of one."""


@dataclass(frozen=True)
class ShownCall:
    """A model's reply, with the number of its row."""

    seq: int
    at: float
    call: Call


def find_hypothesis(growing: GrowingRecord, id: str) -> tuple[HypothesisRow, Hypothesis]:
    """Return the row and the noun. Raises BadInput where the run has none of this id."""
    row = growing.find_row(id)
    if row is None:
        raise BadInput(f"hypothesis '{id}': not in the run {growing.folder.name}; its table lists all")
    return row, growing.record.hypotheses[id]


def collect_brief(growing: GrowingRecord, id: str) -> dict[str, Any]:
    """Return what the peek pane shows, and the first part of the page."""
    row, hypothesis = find_hypothesis(growing, id)
    record = growing.record
    papers = {ranked.paper.id: ranked for ranked in record.survey}
    finding = make_finding(record, row.row, papers, make_text_reader(growing.folder))
    min_effect = record.metric.min_effect if record.metric else 0.0
    return {
        "record": record,
        "row": row,
        "hypothesis": hypothesis,
        "finding": finding,
        "metric": record.metric,
        "axis": make_common_axis([row.effect, row.claim.effect if row.claim else None], min_effect),
    }


def collect_sheet(growing: GrowingRecord, id: str) -> dict[str, Any]:
    brief = collect_brief(growing, id)
    record, row, claim = growing.record, brief["row"], brief["row"].claim
    order = list(record.proposed)
    place = order.index(id)
    experiments = list_experiments(growing, id)
    figures = list_figures(growing.folder, experiments)
    return {
        **brief,
        "seq": growing.position.seq,
        "running": list_running(growing, id),
        "figures": figures,
        "pictures": {figure.digest for figure in figures},
        "seeds": draw_seeds(list_series(growing, id, claim), record.metric.direction.sign if record.metric else 1),
        "curves": draw_curves_of(growing, id),
        "experiments": experiments,
        "calls": read_calls(growing, id),
        "told": read_told(growing, id),
        "parent": find_parent(growing, row),
        "parts": find_parts(growing, row.title, brief["hypothesis"].title),
        "previous": order[place - 1] if place else "",
        "next": order[place + 1] if place + 1 < len(order) else "",
    }


def make_common_axis(effects: list[Effect | None], min_effect: float) -> Axis:
    bounds = [value for effect in effects if effect for value in (effect.value, effect.low, effect.high)]
    return Axis.over(bounds, min_effect)


def list_series(growing: GrowingRecord, id: str, claim: Claim | None) -> list[Series]:
    """Return the scores of each seed on each split: of the baseline, or of what the claim was against, and of the
    hypothesis' version."""
    experiments, version = growing.record.experiments, growing.record.find_version(id)
    own = [experiment for experiment in experiments.list_of(id) if experiment.version == version]
    baseline = experiments.list_of(None)
    series = []
    for split in SPLITS:
        mine, base = _scores(own, split), baseline
        if split == "sealed" and claim and claim.against in {each.version for each in baseline}:
            base = [each for each in baseline if each.version == claim.against]
        if mine:
            series += [Series(f"baseline, {split}", _scores(base, split), False), Series(f"{id}, {split}", mine, True)]
    return series


def draw_curves_of(growing: GrowingRecord, id: str) -> list[Markup]:
    """Return the learning curves that the hypothesis' version printed on validation data, beside the baseline's."""
    experiments, version = growing.record.experiments, growing.record.find_version(id)
    own = [each for each in experiments.list_of(id) if each.version == version and each.split == SPLITS[0]]
    baseline = [each for each in experiments.list_of(None) if each.split == SPLITS[0]]
    return draw_all_curves(growing.folder / "artifacts", own, baseline)


def _scores(experiments: list[Experiment], split: str) -> list[tuple[int, float]]:
    return [(each.seed, each.score) for each in experiments if each.split == split and each.score is not None]


def list_experiments(growing: GrowingRecord, id: str) -> list[Experiment]:
    """Return the experiments of the hypothesis, those on validation data first, then by split and seed."""
    experiments = growing.record.experiments.list_of(id)
    return sorted(experiments, key=lambda each: (each.split not in SPLITS[:1], each.split, each.seed))


def read_calls(growing: GrowingRecord, id: str) -> list[ShownCall]:
    """Return the model calls that were made for the hypothesis, in their order."""
    seqs = growing.calls.get(id, [])
    if not seqs:
        return []
    with closing(Ledger.read(growing.folder / LEDGER)) as reader:
        events = [reader.events(kind="model", after=seq - 1, limit=1)[0] for seq in seqs]
    return [ShownCall(event.seq, event.at, read(Call, event.payload)) for event in events]


def read_call(growing: GrowingRecord, seq: int) -> ShownCall:
    """Return the model call in the row `seq`. Raises BadInput where that row is none."""
    with closing(Ledger.read(growing.folder / LEDGER)) as reader:
        events = reader.events(kind="model", after=seq - 1, limit=1)
    if not events or events[0].seq != seq:
        raise BadInput(f"row {seq}: no model call")
    return ShownCall(seq, events[0].at, read(Call, events[0].payload))


def read_told(growing: GrowingRecord, id: str) -> Remembered:
    """Return the lessons that ideation was told when it wrote the hypothesis."""
    with closing(Ledger.read(growing.folder / LEDGER)) as reader:
        return reader.fact(Remembered, id) or Remembered()


def find_parts(growing: GrowingRecord, *titles: str) -> list[ShownPart]:
    """Return the parts of the toolchain's section that are about the hypothesis: those whose title holds its title."""
    if len(growing.record.proposed) > LONG_RUN:
        return []
    section = growing.read_section()
    return [part for part in section.parts if any(title in part.title for title in titles)] if section else []
