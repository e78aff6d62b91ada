"""Makes the analysis' section of the report from the ledger: data, objectives, hypotheses, methods, exported script."""

from __future__ import annotations

from collections.abc import Mapping

from tools.analysis.packs.spec import ToolSpec
from tools.analysis.report.hypotheses import count_replicated, list_hypotheses
from tools.analysis.report.methods import write_methods
from tools.analysis.report.objectives import list_objectives
from tools.analysis.report.quality import describe_data
from tools.analysis.report.record import AnalysisRecord, read_record
from tools.analysis.report.script.export import export_analysis
from tools.analysis.task.analysis_task import AnalysisTask
from tools.section import Part, Section, Text
from tools.toolchain import Context

TITLE = "The analysis"


def compose_section(task: AnalysisTask, specs: Mapping[str, ToolSpec], context: Context) -> Section:
    """Records nothing and runs nothing."""
    record = read_record(context)
    methods = write_methods(record, specs, task.design, task.metric)
    parts = [
        *list_hypotheses(record),
        *describe_data(record, task.design),
        *list_objectives(record, specs),
        *([Part("Methods", [Text(text) for text in methods])] if methods else []),
    ]
    title = f"Task {task.name}: the analysis of a Pelagos run. Its DATA: {locate_parts(task)} of the project"
    files = export_analysis(record, specs, task.folder.parent, title)
    return Section(TITLE, _list_counts(record), parts, files)


def locate_parts(task: AnalysisTask) -> str:
    """Return where the parts of the samples lie, relative to the project."""
    return f".pelagos/data/{task.digest[:32]}"


def _list_counts(record: AnalysisRecord) -> list[tuple[str, str]]:
    replicated, tested = count_replicated(record)
    states = [each.state for each in record.tested]
    answered = sum(bool(each.table) for each in record.explored)
    return [
        (
            "objectives explored",
            f"{len(record.explored)}, {answered} with an answer",
        ),
        ("hypotheses", f"{len(states)}, {states.count('supported')} supported on sealed samples"),
        ("replicated", f"{replicated} of {tested} tested on the replication samples (p ≤ 0.05, one-sided)"),
        ("runs of calls", f"{len(record.runs)}, {sum(bool(run.permuted) for run in record.runs)} on permuted labels"),
    ]
