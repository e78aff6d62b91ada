"""The first look at the data in the report: samples by part, groups by batch, the design and what was guessed of it."""

from __future__ import annotations

from collections.abc import Iterator

from tools.analysis.design import Design
from tools.analysis.report.formatting import show_share
from tools.analysis.report.record import AnalysisRecord, Look
from tools.section import Block, Part, Table, Text

NAMES = {"discovery": "discovery", "validation": "replication", "sealed": "sealed"}
MOST_COLUMNS = 40


def describe_data(record: AnalysisRecord, design: Design) -> list[Part]:
    """Return one part; none where nobody looked at the data."""
    if not record.looks:
        return []
    blocks: list[Block] = [_list_parts(record), *_list_groups(record, design), _list_design(design)]
    if design.guesses:
        blocks.append(Table(["guessed of the design"], [[guess] for guess in design.guesses]))
    described = next((look for look in record.looks.values() if look.columns), None)
    if described is not None:
        blocks.append(_list_columns(described))
    blocks += [Text(f"Caveat: {line}.") for line in list_caveats(record)]
    return [Part("The data", blocks)]


def list_caveats(record: AnalysisRecord) -> list[str]:
    """Return each caveat of the findings once."""
    return list(dict.fromkeys(caveat for each in record.tested for caveat in each.finding.caveats))


def _list_parts(record: AnalysisRecord) -> Table:
    rows = [
        [name, f"{look.samples:g}", f"{look.features:g}", show_share(look.missing), ", ".join(look.states) or "–"]
        for part, name in NAMES.items()
        if (look := record.looks.get(part)) is not None
    ]
    return Table(["part", "samples", "features", "missing", "states"], rows, "Samples by part; the parts are disjoint")


def _list_groups(record: AnalysisRecord, design: Design) -> Iterator[Table]:
    """Yield the number of samples of each group level by part and batch."""
    grouped = {name: look.groups for part, name in NAMES.items() if (look := record.looks.get(part)) and look.groups}
    if not grouped or design.group is None:
        return
    levels = sorted({level for groups in grouped.values() for counts in groups.values() for level in counts})
    rows = [
        [name, batch or "all", *(str(counts.get(level, 0)) for level in levels)]
        for name, groups in grouped.items()
        for batch, counts in groups.items()
    ]
    yield Table(["part", design.batch or "", *levels], rows, f"Samples by {design.group}")


def _list_design(design: Design) -> Table:
    values = design.model_dump(exclude={"guesses"})
    rows = [
        [key, ", ".join(value) if isinstance(value, list) else str(value)] for key, value in values.items() if value
    ]
    return Table(["design", ""], rows)


def _list_columns(look: Look) -> Table:
    rows = [
        [name, "numbers" if column.get("numeric") else _list_levels(column), str(column.get("missing", 0))]
        for name, column in list(look.columns.items())[:MOST_COLUMNS]
    ]
    return Table(["metadata", "values", "missing"], rows, "Metadata of one part")


def _list_levels(column: dict[str, object]) -> str:
    levels = column.get("levels")
    if not isinstance(levels, dict) or not levels:
        return "many values"
    return ", ".join(f"{level}: {count}" for level, count in list(levels.items())[:8])
