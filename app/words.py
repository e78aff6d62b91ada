"""Numbers and texts as people read them; the same words on the terminal and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pelagos.visible import visible

if TYPE_CHECKING:
    from pelagos.nouns import Metric

UNKNOWN_PRICE = "unknown price"


def line(text: str, width: int = 160) -> str:
    """`text` as one clean line of at most `width` characters."""
    short = " ".join(visible(text).split())
    return short if len(short) <= width else short[: width - 1] + "…"


def number(value: float | None) -> str:
    """Four significant digits; an en dash where there is none."""
    return "–" if value is None else f"{value:.4g}"


def signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3g}".replace("-", "−")


def with_unit(text: str, metric: Metric | None) -> str:
    return f"{text} {metric.unit}" if metric and metric.unit and text != "–" else text


def interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{signed(low)} to {signed(high)}"


def duration(seconds: float) -> str:
    """`42 s`, `3 min 20 s`, `5 h 02 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def money(usd: float, unpriced: int = 0) -> str:
    """An unknown price is said; it is not zero."""
    if unpriced and not usd:
        return UNKNOWN_PRICE
    known = f"${usd:.2f}" if usd >= 0.01 or not usd else f"${usd:.4f}"
    return f"{known} and {unpriced} calls of {UNKNOWN_PRICE}" if unpriced else known


def count(amount: int, noun: str) -> str:
    """`1 hypothesis`, `2 hypotheses`, `3 seeds`."""
    plural = noun[:-2] + "es" if noun.endswith("is") else noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{amount} {noun if amount == 1 else plural}"
