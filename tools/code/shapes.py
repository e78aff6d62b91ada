"""Shapes of arguments and results of the program's own functions, as a real run showed them; and its fingerprints.

From the report of a watched smoke run of the baseline. Says nothing of functions that the run never called.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.border.report import Function, Report
from tools.code.toplevel.statements import NAME
from tools.code.traceback import say_value

Functions = Mapping[str, Function]


def functions(report: Report) -> dict[str, Function]:
    """Address -> record of the first calls, or of the variables that the script's top-level code left."""
    top = {f"{path}::{NAME}": Function(values=told) for path, told in report.values.items() if told}
    return report.trace.functions | top


def comment(address: str, known: Functions) -> str:
    """One comment line with the captured shapes of a function, or of the methods of a class; "" where it never ran."""
    own = [name for name in known if name == address or name.startswith(f"{address}.")]
    return "\n".join(_comment(name, known[name]) for name in own if ".<locals>" not in name)


def _comment(name: str, record: Function) -> str:
    if record.values is not None:
        left = "; ".join(f"{key}: {say_value(value)}" for key, value in record.values.items())
        return f"# values after a run: {left}"
    told = "; ".join(f"{key}: {say_value(value)}" for key, value in record.arguments.items() if key != "self")
    return f"# seen in a run: {name.partition('::')[2]}({told}) -> {say_value(record.returns)}"


def fingerprints(report: Report) -> dict[str, str]:
    """Address -> digest of what the first calls returned."""
    return {name: record.returns_digest for name, record in functions(report).items()}


def steady(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Those digests that two runs of the same program share: the others can't tell two programs apart."""
    return {name: digest for name, digest in first.items() if second.get(name) == digest}


def behaves_differently(baseline: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether a function that both programs have returned something else, or is no longer called."""
    return any(new.get(name) != digest for name, digest in baseline.items())
