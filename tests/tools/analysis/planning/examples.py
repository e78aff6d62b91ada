"""Tools, rows and findings for tests that run nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.analysis.design import Design
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Finding, Implication
from tools.analysis.packs.spec import Parameter, Relation, Source, ToolSpec
from tools.analysis.planning.data_view import Column, DataView
from tools.analysis.planning.records import Objective
from tools.analysis.states import State

TEXT = {"type": "string"}
COLUMNS = {"type": "array", "items": {"type": "string"}}
DESIGN = Design(group="arm", case="treated", control="plain", batch="site", covariates=["age"], numeric=["load"])
OBJECTIVE = Objective(
    id="feature ~ arm", question="Which?", relation="feature ~ group", family="features", subject="arm"
)
GROUP = (
    Parameter("group", TEXT, "group"),
    Parameter("case", TEXT, "level"),
    Parameter("control", TEXT, "level"),
)
COVARIATES = Parameter("covariates", COLUMNS, "covariates", (), required=False)


def make_tool(name: str, *parameters: Parameter, **fields: Any) -> ToolSpec:
    made = {"produces": "statistics", "relation": Relation.FEATURE_GROUP, **fields}
    if made["produces"] != "statistics":
        made["relation"] = None
    source = Source(Path("/nowhere"), "x", "x", name)
    return ToolSpec(name, "pack", f"Does {name}.", source, {each.name: each for each in parameters}, **made)


def list_tools() -> dict[str, ToolSpec]:
    """A small proteomics: raw data need log2; clustering needs complete values."""
    tools = [
        make_tool("log", produces=State.LOG2, requires=frozenset({State.RAW}), removes=frozenset({State.RAW})),
        make_tool("normalise", produces=State.NORMALISED, requires=frozenset({State.LOG2})),
        make_tool("filter", produces=State.FILTERED),
        make_tool("impute", produces=State.IMPUTED, requires=frozenset({State.LOG2})),
        make_tool("correct", Parameter("batch", TEXT, "batch"), produces=State.BATCH_CORRECTED, refuses_missing=True),
        make_tool("embed", produces=State.EMBEDDED, refuses_missing=True),
        make_tool("t_test", *GROUP, requires=frozenset({State.LOG2}), refuses=frozenset({State.IMPUTED})),
        make_tool("model", *GROUP, COVARIATES, requires=frozenset({State.LOG2}), refuses=frozenset({State.IMPUTED})),
        make_tool("clusters", *GROUP, relation=Relation.CLUSTER_GROUP, requires=frozenset({State.EMBEDDED})),
    ]
    return {tool.name: tool for tool in tools}


def make_row(entity: str = "P1", r: float = 0.6, p: float = 0.001, q: float = 0.01, **more: Any) -> Row:
    numbers = {"effect": 2 * r, "n": 50, "r_low": max(-1, r - 0.2), "r_high": min(1, r + 0.2), **more}
    return Row(entity=entity, r=r, p=p, q=q, **numbers)


def make_finding(row: Row | None = None, **fields: Any) -> Finding:
    row = row or make_row()
    call = {
        "tool": "model",
        "arguments": {"group": "arm", "case": "treated", "control": "plain", "covariates": ["age", "site"]},
    }
    made: dict[str, Any] = {
        "id": f"feature ~ arm/{row.entity}",
        "objective": "feature ~ arm",
        "relation": "feature ~ group",
        "entities": [row.entity],
        "direction": "up",
        "context": "treated against plain",
        "title": f"{row.entity} is higher in treated than in plain",
        "statement": f"{row.entity} is higher in treated than in plain (treated against plain).",
        "calls": [call],
        "row": row,
        "artifacts": [],
    }
    return Finding(**{**made, **fields})


def make_implication(**fields: Any) -> Implication:
    call = {"tool": "model", "arguments": {"group": "arm"}}
    made: dict[str, Any] = {"text": "it holds", "call": call, "entity": "P1", "direction": "up", "required": True}
    return Implication(**{**made, **fields})


def make_view(**fields: Any) -> DataView:
    columns = {
        "arm": Column(False, {"treated": 20, "plain": 20}, 0),
        "site": Column(False, {"north": 20, "south": 20}, 0),
        "age": Column(True, {}, 0),
        "load": Column(True, {}, 0),
    }
    made: dict[str, Any] = {
        "kind": "proteomics",
        "states": frozenset({"log2"}),
        "samples": 40,
        "missing": 0.0,
        "features": {"P1": "GEN1", "P2": "GEN2"},
        "columns": columns,
        "groups": {"north": {"treated": 10, "plain": 10}, "south": {"treated": 10, "plain": 2}},
        "paired": False,
    }
    return DataView(**{**made, **fields})
