"""Fills in the arguments of a tool from the design of the study and the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tools.analysis.design import Design
from tools.analysis.findings import Call
from tools.analysis.packs.spec import SETS, Parameter, Relation, ToolSpec
from tools.analysis.planning.records import Objective

UNSET = object()
CHAIN = ("exposure", "mediator", "outcome")
CONTROL_WORDS = ("control", "reference", "baseline")
VARIABLES: Mapping[str, tuple[str, ...]] = {
    Relation.FEATURE_NUMERIC: ("outcome",),
    Relation.FEATURE_FEATURE: ("first", "outcome"),
}
"""Relation -> the parameters that name a variable of a plain table and mean the objective's subject."""


def fill_arguments(
    spec: ToolSpec,
    objective: Objective,
    design: Design,
    *,
    adjusted: bool = True,
    known: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any] | None:
    """Return the arguments, None where the design can't say a required one. Not adjusted: a test is asked for without
    covariates and batch, where it can do without them. `known` are values of parameters of these names."""
    leave_out = spec.tests and not adjusted
    filled: dict[str, Any] = {}
    for parameter in spec.parameters.values():
        value = known.get(parameter.name, UNSET)
        value = _find_value(parameter, spec, objective, design) if value is UNSET else value
        if value is UNSET or (leave_out and role_of(parameter) in ("batch", "covariates") and not parameter.required):
            if parameter.required and parameter.names != SETS:
                return None
            continue
        filled[parameter.name] = value
    return filled


def role_of(parameter: Parameter) -> str:
    """Return the word of what the argument is to the model. A variable of a plain table is told by its name."""
    return "covariates" if parameter.names == "variable" and parameter.name == "covariates" else parameter.names


def find_parameter(spec: ToolSpec, role: str) -> Parameter | None:
    return next((parameter for parameter in spec.parameters.values() if role_of(parameter) == role), None)


def adjusts(spec: ToolSpec, design: Design, paired: bool = False) -> bool:
    """Whether the tool can have all covariates and the batch of the design in its model. Where samples are paired, one
    that compares within subjects needs none."""
    covariates, batch = find_parameter(spec, "covariates"), find_parameter(spec, "batch")
    if paired and spec.parameter_of("subject"):
        return True
    return bool(covariates or not design.covariates) and bool(covariates or batch or design.batch is None)


def list_covariates(spec: ToolSpec, objective: Objective, design: Design) -> list[str]:
    """Return the design's covariates, with the batch where the tool has no parameter of its own for it."""
    batch = [design.batch] if design.batch and find_parameter(spec, "batch") is None else []
    asked = {objective.subject, *objective.named}
    return [column for column in dict.fromkeys([*design.covariates, *batch]) if column not in asked]


def list_used_covariates(call: Call, specs: Mapping[str, ToolSpec]) -> list[str]:
    """Return the columns that stand in a call's model beside what it tests."""
    used: list[str] = []
    for name, value in call["arguments"].items():
        if role_of(specs[call["tool"]].parameters[name]) in ("batch", "covariates"):
            used += value if isinstance(value, list) else [value]
    return list(dict.fromkeys(used))


def drop_batch(calls: Sequence[Call], specs: Mapping[str, ToolSpec], batch: str | None) -> list[Call] | None:
    """Return the calls for the samples of one batch: without the batch column; None where a call can't do without."""
    made: list[Call] = []
    for call in calls:
        arguments: dict[str, Any] = {}
        for name, value in call["arguments"].items():
            parameter = specs[call["tool"]].parameters[name]
            if value == batch and role_of(parameter) in ("batch", "column"):
                if parameter.required:
                    return None
                continue
            arguments[name] = [item for item in value if item != batch] if isinstance(value, list) else value
        made.append({"tool": call["tool"], "arguments": arguments})
    return made


def _find_value(parameter: Parameter, spec: ToolSpec, objective: Objective, design: Design) -> Any:
    role, subject, relation = role_of(parameter), objective.subject, objective.relation
    if objective.chain and parameter.name in CHAIN:
        return objective.chain[CHAIN.index(parameter.name)]
    if role == "":
        of_group = bool(objective.chain) and objective.chain[0] == design.group and parameter.name == "level"
        return _or_unset(design.case) if of_group else _choose_plain(parameter)
    if role == "covariates":
        return list_covariates(spec, objective, design)
    if parameter.schema.get("type") == "array":
        return UNSET  # all of them, where the tool has a default
    if role == "level":
        wants_control = any(word in parameter.name.lower() for word in CONTROL_WORDS)
        return _or_unset(design.control if wants_control else design.case)
    numeric = subject if relation == Relation.FEATURE_NUMERIC else next(iter(design.numeric), None)
    known = {
        "group": design.group,
        "batch": None if design.batch == subject else design.batch,
        "time": design.time,
        "event": design.event,
        "subject": design.subject,
        "numeric": numeric,
        "feature": subject if relation == Relation.FEATURE_FEATURE else None,
        "column": objective.column or None,
        "variable": _find_variable(parameter, objective),
    }
    return _or_unset(known.get(role))


def _find_variable(parameter: Parameter, objective: Objective) -> str | None:
    if objective.relation == Relation.SLOPE_GROUP:
        return objective.column if parameter.name == "outcome" else None
    return objective.subject if parameter.name in VARIABLES.get(objective.relation, ()) else None


def _choose_plain(parameter: Parameter) -> Any:
    """Leave the default; where there is none, take the first word of an enumeration, or seed 0."""
    if not parameter.required:
        return UNSET
    if parameter.name == "seed":
        return 0
    return next(iter(parameter.schema.get("enum", ())), UNSET)


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value
