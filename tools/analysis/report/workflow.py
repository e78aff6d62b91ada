"""The workflow of an objective as a flow: the samples, each call with its arguments, further tests beside the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pelagos.counts import format_count
from tools.analysis.findings import Call
from tools.analysis.free_code.specs import is_free
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.planning.hypotheses.selection import FALSE_DISCOVERY_RATE
from tools.analysis.planning.records import CallsRun, Explored
from tools.analysis.report.formatting import show, show_arguments, show_share
from tools.analysis.report.record import AnalysisRecord
from tools.section import Box, Flow


def draw_workflow(explored: Explored, record: AnalysisRecord, specs: Mapping[str, ToolSpec]) -> Flow:
    """Return the flow of the calls that were carried out, and of the test that was asked beside them."""
    boxes = [Box("discovery samples", list(_describe_samples(record)))]
    boxes += [make_box(call, specs, [place]) for place, call in enumerate(explored.calls)]
    last = len(explored.calls)
    for call in _list_follow_ups(explored, record):
        boxes.append(make_box(call, specs, [last - 1]))
    run = record.find_run(explored)
    counts = [f"{explored.entities} tested", f"{explored.significant} with q ≤ {FALSE_DISCOVERY_RATE}"]
    details = counts if explored.entities else []
    sources = [last, *range(last + 1, len(boxes))]
    boxes.append(Box(f"findings: {len(explored.findings)}", [*details, *_describe_end(run)], sources))
    return Flow(boxes, f"Workflow: {explored.objective.question}")


def make_box(call: Call, specs: Mapping[str, ToolSpec], after: list[int]) -> Box:
    spec = specs.get(call["tool"])
    library = [f"library: {spec.libraries}"] if spec and spec.libraries else []
    if is_free(call):
        lines = len(str(call["arguments"].get("code", "")).splitlines())
        return Box(f"{call['tool']}: free code of a model", [format_count(lines, "line"), *library], after)
    return Box(str(call["tool"]), [*show_arguments(call["arguments"]), *library], after)


def _list_follow_ups(explored: Explored, record: AnalysisRecord) -> Iterator[Call]:
    for each in record.revisions:
        if each.objective == explored.objective.id and each.by == "planner" and each.after:
            yield each.after[-1]


def _describe_samples(record: AnalysisRecord) -> Iterator[str]:
    look = record.looks.get("discovery")
    if look is not None:
        yield f"{look.samples:g} samples, {look.features:g} features, {show_share(look.missing)} missing"
        if look.states:
            yield f"states: {', '.join(look.states)}"


def _describe_end(run: CallsRun | None) -> Iterator[str]:
    if run is not None and run.states:
        yield f"data at the test: {', '.join(run.states)}"
    if run is not None:
        yield f"{show(run.seconds)} s in the sandbox"
