"""Checks calls before anything runs, and says which tools are possible next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pelagos.plugins import suggest_nearest
from tools.analysis.execution.analysis import Call
from tools.analysis.packs.spec import SETS, STATISTICS, Parameter, ToolSpec
from tools.analysis.states import State

_NUMERIC_WORDS = ("numeric", "time")
_GROUP_WORDS = ("group",)


@dataclass(frozen=True)
class ObsColumn:
    """A column of the samples' metadata. `levels` are those of a group column."""

    kind: Literal["group", "numeric", "id", "text"]
    levels: Sequence[str] = ()


@dataclass(frozen=True)
class _Known:
    obs: Mapping[str, ObsColumn]
    features: Collection[str]


def check_calls(
    calls: Sequence[Call],
    specs: Mapping[str, ToolSpec],
    obs: Mapping[str, ObsColumn],
    states: Collection[str],
    *,
    features: Collection[str] = (),
    sets: bool = True,
) -> list[str]:
    """Return one line per fault: unknown tool, missing or wrong argument, unknown column, level or feature, a state
    that the calls before don't reach. Empty `features` are not checked; `sets`: whether there are gene sets."""
    faults: list[str] = []
    current, known = {State(state) for state in states}, _Known(obs, features)
    for index, call in enumerate(calls, 1):
        spec = specs.get(call["tool"])
        if spec is None:
            faults.append(f"step {index}: no tool {call['tool']!r}; {suggest_nearest(call['tool'], list(specs))}")
            continue
        found = [*_check_states(spec, current), *_check_arguments(call["arguments"], spec, known)]
        if not sets and spec.parameter_of(SETS):
            found.append("needs gene sets, and the task has none")
        faults += [f"step {index} ({spec.name}): {fault}" for fault in found]
        current = states_after(spec, current)
    return faults


def states_after(spec: ToolSpec, states: Collection[State]) -> set[State]:
    """The states of the data after a call."""
    if spec.produces == STATISTICS:
        return set(states)
    return (set(states) - spec.removes) | {State(spec.produces)}


def next_calls(
    specs: Mapping[str, ToolSpec], states: Collection[str], *, missing: bool = True, sets: bool = True
) -> list[str]:
    """The names of the tools that the data permit now. `missing`: whether values are missing."""
    current = {State(state) for state in states}
    return [
        name
        for name, spec in specs.items()
        if not list(_check_states(spec, current))
        and not (missing and spec.refuses_missing)
        and (sets or spec.parameter_of(SETS) is None)
        and (spec.tests or State(spec.produces) not in current)
    ]


def _check_states(spec: ToolSpec, states: Collection[State]) -> Iterator[str]:
    if lacking := sorted(spec.requires - set(states)):
        yield f"needs data that are {', '.join(lacking)}; they are {', '.join(sorted(states)) or 'in no known state'}"
    if refused := sorted(spec.refuses & set(states)):
        yield f"refuses data that are {', '.join(refused)}"


def _check_arguments(arguments: Mapping[str, Any], spec: ToolSpec, known: _Known) -> Iterator[str]:
    for name in arguments:
        if name not in spec.parameters:
            yield f"no argument {name!r}; {suggest_nearest(name, list(spec.parameters))}"
    for name, parameter in spec.parameters.items():
        if name in arguments and parameter.names != SETS:
            yield from _check_value(name, arguments[name], parameter, arguments, spec, known)
        elif name not in arguments and parameter.required and parameter.names != SETS:
            yield f"the argument {name!r} is missing"


def _check_value(
    name: str, value: Any, parameter: Parameter, arguments: Mapping[str, Any], spec: ToolSpec, known: _Known
) -> Iterator[str]:
    if not fits(value, parameter.schema):
        yield f"{name} is {value!r}; wanted {describe(parameter.schema)}"
        return
    entries: list[Any] = value if isinstance(value, list) else [] if value is None else [value]
    for entry in entries:
        yield from _check_name(name, entry, parameter.names, arguments, spec, known)


def _check_name(
    name: str, entry: Any, word: str, arguments: Mapping[str, Any], spec: ToolSpec, known: _Known
) -> Iterator[str]:
    """`word` says what `entry` must name."""
    if word in ("", SETS):
        return
    if word == "feature":
        if known.features and entry not in known.features:
            yield f"{name}: no feature {entry!r}"
    elif word == "level":
        yield from _check_level(name, entry, arguments, spec, known)
    elif word == "variable" and (not known.features or entry in known.features):
        return
    elif entry not in known.obs:
        yield f"{name}: no column {entry!r}; {suggest_nearest(str(entry), list(known.obs))}"
    elif word in _NUMERIC_WORDS and known.obs[entry].kind != "numeric":
        yield f"{name}: column {entry!r} is not numeric"
    elif word in _GROUP_WORDS and not known.obs[entry].levels:
        yield f"{name}: column {entry!r} has no levels"


def _check_level(name: str, level: Any, arguments: Mapping[str, Any], spec: ToolSpec, known: _Known) -> Iterator[str]:
    group = spec.parameter_of("group")
    column = known.obs.get(str(arguments.get(group.name))) if group else None
    levels = list(column.levels) if column else []
    if column and level not in levels:
        yield f"{name}: no level {level!r}; {suggest_nearest(str(level), levels)}"


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of the schema's type: those that a tool's parameter may have."""
    if "anyOf" in schema:
        return any(fits(value, option) for option in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,), "null": (type(None),),
        "array": (list,),
    }  # fmt: skip
    if isinstance(value, bool) and schema["type"] != "boolean":
        return False
    if not isinstance(value, kinds[schema["type"]]):
        return False
    return not isinstance(value, list) or all(fits(entry, schema["items"]) for entry in value)


def describe(schema: Mapping[str, Any]) -> str:
    """The type in words."""
    if "anyOf" in schema:
        return " or ".join(describe(option) for option in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(map(repr, schema['enum']))}"
    inner = f" of {describe(schema['items'])}" if "items" in schema else ""
    return f"{schema['type']}{inner}"
