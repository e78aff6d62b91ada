"""Guesses the arguments of a tool for its contract test, from what each parameter must name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.analysis.packs.spec import SETS, Parameter, ToolSpec

# Columns of the sample data (tools/analysis/inside/sample_data.py), in the order in which parameters take them.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "column": ("stage", "sex"),
    "group": ("group", "sex"),
    "level": ("case", "control"),
    "numeric": ("age",),
    "batch": ("site",),
    "covariates": ("age", "site"),
    "feature": ("P10", "P11", "P12"),
    "variable": ("P10", "P11", "P12", "P13"),
    "time": ("months",),
    "event": ("died",),
    "subject": ("patient",),
}
_COVARIATES = "covariates"


def guess_arguments(spec: ToolSpec) -> dict[str, Any]:
    """Return the arguments for a call on the sample data. Parameters with a default keep it, except covariates and
    batches, which a test should use. Raises ValueError where a required one can't be guessed."""
    arguments = dict(spec.example)
    wanted = [
        (name, parameter)
        for name, parameter in spec.parameters.items()
        if name not in arguments and parameter.names != SETS
        and (parameter.required or (parameter.names == _COVARIATES and not spec.example))
    ]  # fmt: skip
    for name, parameter in sorted(wanted, key=lambda pair: pair[1].names == _COVARIATES):
        arguments[name] = _guess(parameter, arguments)
    return arguments


def _guess(parameter: Parameter, arguments: Mapping[str, Any]) -> Any:
    """Take the first names that no other argument has."""
    taken = [value for given in arguments.values() for value in (given if isinstance(given, list) else [given])]
    free = [name for name in _NAMES.get(parameter.names, ()) if name not in taken]
    if free:
        return free[:2] if parameter.schema.get("type") == "array" else free[0]
    if "enum" in parameter.schema:
        return parameter.schema["enum"][0]
    raise ValueError(
        f"parameter {parameter.name} can't be guessed: give it a default, say what it names by Annotated, or add a "
        f"line 'Example: {parameter.name}=...' to the docstring"
    )
