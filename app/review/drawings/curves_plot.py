"""Draws learning curves as inline SVG: one plot a name, a line a seed, the baseline's in grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.formatting import format_line, format_number

WIDTH, HEIGHT, LEFT, BOTTOM, PAD = 560.0, 170.0, 70.0, 24.0, 10.0

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Curve:
    """`own`: printed by the hypothesis' version, else by the baseline."""

    seed: int
    points: Points
    own: bool


def draw_curves(name: str, curves: Sequence[Curve]) -> Markup:
    """Draw the curves of one name. Each has at least two points."""
    xs, ys = _find_ends([curve.points for curve in curves], 0), _find_ends([curve.points for curve in curves], 1)
    own = sum(curve.own for curve in curves)
    label = (
        f"{format_line(name, 40)} over training, as printed: {own} of this version, {len(curves) - own} of the baseline"
    )
    head = Markup('<svg class="curves" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">').format(
        WIDTH, HEIGHT, label
    )
    lines = [_draw_curve(curve, xs, ys) for curve in sorted(curves, key=lambda curve: curve.own)]
    return head + _draw_axes(name, xs, ys) + Markup("").join(lines) + Markup("</svg>")


def _find_ends(series: Sequence[Points], axis: int) -> tuple[float, float]:
    values = [point[axis] for points in series for point in points]
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _draw_curve(curve: Curve, xs: tuple[float, float], ys: tuple[float, float]) -> Markup:
    places = " ".join(
        f"{_place(x, xs, LEFT, WIDTH - PAD)},{_place(y, ys, HEIGHT - BOTTOM, PAD)}" for x, y in curve.points
    )
    line = Markup('<polyline class="{}" points="{}"><title>{}, seed {}</title></polyline>')
    return line.format("own" if curve.own else "base", places, "this version" if curve.own else "baseline", curve.seed)


def _place(value: float, ends: tuple[float, float], start: float, stop: float) -> float:
    low, high = ends
    span = (
        high / 2 - low / 2 or 1.0
    )  # halves: the difference may overflow; ends of the largest or least size may be one
    return round(start + (value / 2 - low / 2) / span * (stop - start), 2)


def _draw_axes(name: str, xs: tuple[float, float], ys: tuple[float, float]) -> Markup:
    line = Markup('<line class="rule" x1="{:g}" x2="{:g}" y1="{:g}" y2="{:g}"/>')
    text = Markup('<text x="{:g}" y="{:g}" text-anchor="{}">{}</text>')
    return (
        line.format(LEFT, WIDTH - PAD, HEIGHT - BOTTOM, HEIGHT - BOTTOM)
        + text.format(LEFT - 6, PAD + 8, "end", format_number(ys[1]))
        + text.format(LEFT - 6, HEIGHT - BOTTOM, "end", format_number(ys[0]))
        + text.format(LEFT + 6, PAD + 8, "start", format_line(name, 40))
        + text.format(LEFT, HEIGHT - 6, "start", format_number(xs[0]))
        + text.format(WIDTH - PAD, HEIGHT - 6, "end", format_number(xs[1]))
    )
