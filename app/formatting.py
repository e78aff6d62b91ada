"""Formats numbers and texts for people. The terminal and the report use the same functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pelagos.visible import make_visible

if TYPE_CHECKING:
    from pelagos.nouns import Effect, Metric

UNKNOWN_PRICE = "unknown price"


def format_line(text: str, width: int = 160) -> str:
    """Return `text` as one line of at most `width` characters, without control characters."""
    cleaned = " ".join(make_visible(text).split())
    return cleaned if len(cleaned) <= width else cleaned[: width - 1] + "…"


def escape_markdown(text: object, width: int = 1_000) -> str:
    """Return the text as one line of Markdown of at most `width` characters, in which nothing is markup."""
    plain = format_line(str(text), width)
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|!" else sign for sign in plain)


def format_number(value: float | None) -> str:
    """Return four significant digits, or an en dash for None."""
    return "–" if value is None else f"{value:.4g}"


def format_signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3g}".replace("-", "−")


def add_unit(text: str, metric: Metric | None) -> str:
    return f"{text} {metric.unit}" if metric and metric.unit and text != "–" else text


def format_effect(effect: Effect | None) -> str:
    """Return the size of an effect, such as `+0.05`, or an en dash for None."""
    return format_signed(effect.value if effect else None)


def format_interval(effect: Effect | None) -> str:
    """Return an interval such as `+0.03 to +0.07`, or "" where there is none or it is unbounded."""
    if effect is None or effect.low is None or effect.high is None:
        return ""
    return f"{format_signed(effect.low)} to {format_signed(effect.high)}"


def format_duration(seconds: float) -> str:
    """Return a duration such as `42 s`, `3 min 20 s` or `5 h 02 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def format_money(usd: float, unpriced: int = 0) -> str:
    """Return dollars. `unpriced` calls have an unknown price, which is named and is not zero."""
    if unpriced and not usd:
        return UNKNOWN_PRICE
    known = f"${usd:.2f}" if usd >= 0.01 or not usd else f"${usd:.4f}"
    return f"{known} and {unpriced} calls of {UNKNOWN_PRICE}" if unpriced else known
