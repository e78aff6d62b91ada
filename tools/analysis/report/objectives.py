"""The objectives in the report: how each was asked, what came out, and what became no hypothesis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call
from tools.analysis.free_code.specs import CAVEAT, is_free
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.planning.hypotheses.selection import FALSE_DISCOVERY_RATE
from tools.analysis.planning.hypotheses.statements import join_words
from tools.analysis.planning.records import CallsRun, Explored, Revision
from tools.analysis.report.formatting import (
    show,
    show_calls,
    show_correlation,
    show_effect,
    show_name,
    show_p,
)
from tools.analysis.report.record import AnalysisRecord
from tools.analysis.report.workflow import draw_workflow
from tools.section import Block, Part, Picture, Printed, Table, Text

TOP_ROWS, DROPPED_ROWS = 10, 30
HEAD = ["", "effect (95 %)", "r (95 %)", "p", "q", "n"]


def list_objectives(record: AnalysisRecord, specs: Mapping[str, ToolSpec]) -> list[Part]:
    """Return a part for each objective that left a table, those with findings first, and one for the others."""
    answered = sorted((each for each in record.explored if each.table), key=lambda each: not each.findings)
    parts = [_make_part(each, record, specs) for each in answered]
    failed = [
        [each.objective.question, show_calls(each.calls) or "–", each.failure]
        for each in record.explored
        if not each.table
    ]
    if failed:
        parts.append(Part("Questions without an answer", [Table(["question", "workflow", "why"], failed)], folded=True))
    return parts


def _make_part(explored: Explored, record: AnalysisRecord, specs: Mapping[str, ToolSpec]) -> Part:
    run, rows = record.find_run(explored), record.tables.get(explored.table, ())
    blocks: list[Block] = [Text(_summarise(explored, record)), draw_workflow(explored, record, specs)]
    blocks += [block for call in explored.calls if is_free(call) for block in _print_code(call)]
    blocks += list_pictures(run, specs) if run else []
    blocks += _tell_choice(explored, record)
    blocks.append(Table(HEAD, [write_row(row) for row in rows[:TOP_ROWS]], f"The first of {len(rows)} rows"))
    if explored.dropped:
        dropped = [[each.entity, each.reason] for each in explored.dropped[:DROPPED_ROWS]]
        blocks.append(Table(["", "why it became no hypothesis"], dropped))
    return Part(explored.objective.question, blocks)


def _print_code(call: Call) -> list[Block]:
    """Free code as it was written, marked as such."""
    return [Text(f"{call['tool']}: {CAVEAT}."), Printed(str(call["arguments"].get("code", "")))]


def _summarise(explored: Explored, record: AnalysisRecord) -> str:
    chosen = " A model chose this question." if record.chosen.get(explored.objective.id) == "ideator" else ""
    if not explored.entities:
        return f"A check of the discovery samples, which gives no hypothesis.{chosen}"
    tested = (
        f"{explored.entities} tested on the discovery samples, {explored.significant} with q ≤ {FALSE_DISCOVERY_RATE}"
    )
    return f"{tested}; findings: {len(explored.findings)}.{chosen}"


def _tell_choice(explored: Explored, record: AnalysisRecord) -> Iterator[Block]:
    """Yield how the workflow was chosen among others, and what was revised after which result."""
    ranking = record.rankings.get(explored.objective.id)
    if ranking is not None and len(ranking.workflows) > 1:
        offered = [show_calls(ranking.workflows[place]) for place in ranking.order if place < len(ranking.workflows)]
        rows = [[str(place), text] for place, text in enumerate(offered, 1)]
        yield Table(["place", "workflow"], rows, "Workflows that were possible, as they were ranked")
    revisions = [each for each in record.revisions if each.objective == explored.objective.id]
    if revisions:
        changes = [[each.seen or "–", each.reason, _tell_way(each), show_calls(each.after)] for each in revisions]
        yield Table(["known", "why", "done", "the calls then"], changes, "Revisions between calls, in their order")


def _tell_way(revision: Revision) -> str:
    """Return what was done, by whom, and what else was possible."""
    others = [each for each in revision.options if each != revision.rule]
    return f"{revision.rule or 'another test'} (by {revision.by}{f'; not: {join_words(others)}' if others else ''})"


def list_pictures(run: CallsRun, specs: Mapping[str, ToolSpec]) -> Iterator[Picture]:
    for index, artifact in sorted(run.figures.items()):
        tool = str(run.calls[index]["tool"]) if index < len(run.calls) else "figure"
        spec = specs.get(tool)
        yield Picture(
            artifact, f"{tool}: {spec.summary if spec else 'a tool that is gone'} {run.data.capitalize()} samples."
        )


def write_row(row: Row) -> Sequence[str]:
    return [show_name(row), show_effect(row), show_correlation(row), show_p(row.p), show_p(row.q), show(row.n)]
