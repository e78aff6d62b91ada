"""Numbers and calls of an analysis as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call

NOTHING = "–"
EXPONENT = re.compile(r"e([+-])0(?=\d)")


def show(value: float | None) -> str:
    """Return three significant digits."""
    if value is None:
        return NOTHING
    text = f"{float(f'{value:.3g}'):,.0f}" if 1_000 <= abs(value) < 1_000_000 else f"{value:.3g}"
    return _typeset(text)


def show_r(value: float | None) -> str:
    return NOTHING if value is None else _typeset(f"{value:+.2f}")


def show_correlation(row: Row) -> str:
    """Return the partial correlation with its interval."""
    if row.r is None:
        return NOTHING
    known = row.r_low is not None and row.r_high is not None
    return show_r(row.r) + (f" ({show_r(row.r_low)} to {show_r(row.r_high)})" if known else "")


def show_p(value: float | None) -> str:
    return NOTHING if value is None else _typeset(f"{value:.2g}")


def _typeset(text: str) -> str:
    """Write an exponent without leading zeros, and minus signs as such."""
    return EXPONENT.sub(r"e\1", text).replace("e+", "e").replace("-", "−")


def show_interval(low: float | None, high: float | None) -> str:
    return NOTHING if low is None or high is None else f"{show(low)} to {show(high)}"


def show_effect(row: Row) -> str:
    """Return the natural effect with its unit and interval."""
    if row.effect is None:
        return NOTHING
    unit = str(row.extra.get("unit", ""))
    interval = f" ({show_interval(row.low, row.high)})" if row.low is not None and row.high is not None else ""
    return f"{show(row.effect)} {unit}".strip() + interval


def show_name(row: Row) -> str:
    """Return the name that people know, with the id where that is another."""
    name = str(row.extra.get("name", ""))
    return f"{name} ({row.entity})" if name and name != row.entity else row.entity


def show_share(value: float) -> str:
    return f"{100 * value:.3g} %"


def show_arguments(arguments: dict[str, Any]) -> list[str]:
    """Return one line per argument. A list of more than six is cut."""
    return [f"{name} = {_show_value(value)}" for name, value in arguments.items()]


def show_calls(calls: Iterable[Call]) -> str:
    """Return the tools in their order."""
    return " → ".join(str(call["tool"]) for call in calls)


def _show_value(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:6])) or "none"
        return f"{shown} and {len(value) - 6} more" if len(value) > 6 else shown
    return str(value)
