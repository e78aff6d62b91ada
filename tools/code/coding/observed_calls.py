"""What a traced smoke run observed of a program's own functions: shapes of arguments and results, and fingerprints.

Fingerprints are digests of returned values. Functions that the run never called are not included.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.border.report import Function, Report
from tools.code.coding.traceback import format_value
from tools.code.program.toplevel.statements import TOP_LEVEL

Functions = Mapping[str, Function]


def collect_functions(report: Report) -> dict[str, Function]:
    """Address -> record of a function's first calls, or of the variables that the top-level code defined."""
    top_level = {f"{path}::{TOP_LEVEL}": Function(values=values) for path, values in report.values.items() if values}
    return report.trace.functions | top_level


def format_shapes(address: str, functions: Functions) -> str:
    """One comment line with the shapes of a function or of each method of a class; "" if it never ran."""
    names = [name for name in functions if name == address or name.startswith(f"{address}.")]
    return "\n".join(_format_function(name, functions[name]) for name in names if ".<locals>" not in name)


def _format_function(name: str, record: Function) -> str:
    if record.values is not None:
        values = "; ".join(f"{key}: {format_value(value)}" for key, value in record.values.items())
        return f"# values after a run: {values}"
    arguments = "; ".join(f"{key}: {format_value(value)}" for key, value in record.arguments.items() if key != "self")
    return f"# seen in a run: {name.partition('::')[2]}({arguments}) -> {format_value(record.returns)}"


def collect_fingerprints(report: Report) -> dict[str, str]:
    """Address -> digest of the values that the first calls returned."""
    return {name: record.returns_digest for name, record in collect_functions(report).items()}


def select_stable(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """The digests that are equal in two runs of the same program; only these can distinguish two programs."""
    return {name: digest for name, digest in first.items() if second.get(name) == digest}


def behaves_differently(baseline: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether a function of the baseline returned other values in the new program or was not called there."""
    return any(new.get(name) != digest for name, digest in baseline.items())
