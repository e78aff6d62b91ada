"""The rationale of a hypothesis: what the analysis was, and for a strong model its own words, if their numbers hold."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from pelagos.errors import BadReply
from tools.analysis.findings import Finding
from tools.analysis.planning.hypotheses.numbers import collect_numbers, find_untraced
from tools.analysis.planning.records import Dropped
from tools.analysis.planning.study import Study
from tools.prompt import render

TEMPLATE = Path(__file__).with_suffix(".j2")
TRIES = 2


class Rationale(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rationale: str = Field(min_length=20, max_length=1500)


def write_rationale(finding: Finding, study: Study, opening: str) -> tuple[str, list[Dropped]]:
    """Return the rationale, and the replies that were refused with why. A model that isn't strong is not asked."""
    plain, refused = _describe_analysis(finding, study), list[Dropped]()
    if not study.context.model("ideator").strong:
        return plain, refused
    prompt = render(TEMPLATE, opening=opening, finding=finding)
    for sample in range(TRIES):
        try:
            reply = study.context.model("ideator").ask_json(prompt, Rationale, sample=sample, max_tokens=400)
        except BadReply as error:
            refused.append(Dropped(entity=finding.entity, reason=f"no rationale in the reply: {error}"[:300]))
            break
        untraced = find_untraced(reply.rationale, known_numbers(finding, study), known_names(finding, study))
        if not untraced:
            return f"{reply.rationale} {plain}", refused
        reason = f"numbers without an artifact: {', '.join(untraced)}: {reply.rationale}"
        refused.append(Dropped(entity=finding.entity, reason=reason[:600]))
    return plain, refused


def known_numbers(finding: Finding, study: Study) -> list[float]:
    """Return the numbers of the finding as its artifacts hold them: its row of the table, and its caveats."""
    table, *others = finding.artifacts
    rows = study.context.artifacts.json(table)
    numbers = [number for row in rows if row["entity"] == finding.entity for number in collect_numbers(row)]
    return numbers + [
        number for artifact in others for number in collect_numbers(study.context.artifacts.json(artifact))
    ]


def known_names(finding: Finding, study: Study) -> list[str]:
    """Return the names in which digits are no numbers: of features, sets, columns and their levels."""
    view = study.view
    features = [
        name for entity in finding.entities for name in (entity, view.features.get(entity, ""), view.name(entity))
    ]
    levels = [level for column in view.columns.values() for level in column.levels]
    tools = [call["tool"] for call in finding.calls]
    return [name for name in [*features, *view.columns, *levels, *tools, *study.task.design.defines_group] if name]


def _describe_analysis(finding: Finding, study: Study) -> str:
    steps = " -> ".join(call["tool"] for call in finding.calls)
    caveats = "".join(f"; {caveat}" for caveat in finding.caveats)
    return f"Found on the discovery samples by {steps}{caveats}."
