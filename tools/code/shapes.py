"""Shapes of arguments and results of the program's own functions, as a real run showed them; and its fingerprints.

From the report of a watched smoke run of the baseline. Says nothing of functions that the run never called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.code.toplevel.statements import NAME
from tools.code.traceback import say_value

Functions = Mapping[str, Mapping[str, Any]]


def functions(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Address -> record of the first calls, or of the variables that the script's top-level code left; what isn't of
    the hook's shape is left out."""
    trace = report.get("trace")
    found = trace.get("functions") if isinstance(trace, dict) else None
    records = {str(k): v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}
    values = report.get("values")
    top = (
        {f"{path}::{NAME}": {"values": told} for path, told in values.items() if told}
        if isinstance(values, dict)
        else {}
    )
    return records | top


def lines(report: Mapping[str, Any]) -> dict[str, list[int]]:
    """Path -> source lines that ran."""
    trace = report.get("trace")
    found = trace.get("lines") if isinstance(trace, dict) else None
    if not isinstance(found, dict):
        return {}
    return {str(path): [n for n in ran if isinstance(n, int)] for path, ran in found.items() if isinstance(ran, list)}


def comment(address: str, known: Functions) -> str:
    """One comment line with the captured shapes of a function, or of the methods of a class; "" where it never ran."""
    own = [name for name in known if name == address or name.startswith(f"{address}.")]
    return "\n".join(_comment(name, known[name]) for name in own if ".<locals>" not in name)


def _comment(name: str, record: Mapping[str, Any]) -> str:
    values = record.get("values")
    if isinstance(values, dict):
        return "# values after a run: " + "; ".join(f"{key}: {say_value(value)}" for key, value in values.items())
    arguments = record.get("arguments")
    given = arguments.items() if isinstance(arguments, dict) else ()
    told = "; ".join(f"{key}: {say_value(value)}" for key, value in given if key != "self")
    return f"# seen in a run: {name.partition('::')[2]}({told}) -> {say_value(record.get('returns'))}"


def fingerprints(report: Mapping[str, Any]) -> dict[str, str]:
    """Address -> digest of what the first calls returned."""
    return {name: str(record.get("returns_digest", "")) for name, record in functions(report).items()}


def steady(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Those digests that two runs of the same program share: the others can't tell two programs apart."""
    return {name: digest for name, digest in first.items() if second.get(name) == digest}


def behaves_differently(baseline: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether a function that both programs have returned something else, or is no longer called."""
    return any(new.get(name) != digest for name, digest in baseline.items())
