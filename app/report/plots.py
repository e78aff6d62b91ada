"""Draws interval plots as inline SVG: one axis for all hypotheses, the zero line, the band of effects below the
minimum.

Colours come from the page's CSS, so they follow its light and dark themes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from app.formatting import format_effect, format_interval, format_signed
from pelagos.nouns import Effect

WIDTH, HEIGHT, PAD = 300.0, 28.0, 10.0


@dataclass(frozen=True)
class Axis:
    """An axis of oriented effects from `low` to `high`; right is better. `band` is the minimal effect, 0 where
    unknown."""

    low: float
    high: float
    band: float = 0.0

    @classmethod
    def over(cls, values: Iterable[float | None], band: float = 0.0) -> Axis:
        """Return an axis that holds zero, the band and every finite value, with a margin."""
        finite = [value for value in values if value is not None and math.isfinite(value)]
        low, high = min([0.0, -band, *finite]), max([0.0, band, *finite])
        margin = (high - low) * 0.06 or 1.0
        return cls(low - margin, high + margin, band)

    def x(self, value: float) -> float:
        """Return the x coordinate of `value`. A value beyond the axis gets the coordinate of its edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(PAD + min(1.0, max(0.0, share)) * (WIDTH - 2 * PAD), 2)


def draw_interval(axis: Axis, effect: Effect, kind: str = "") -> Markup:
    """Draw an effect as a dot with whiskers. `kind` is a verdict and becomes a CSS class."""
    interval = format_interval(effect)
    label = f"effect {format_effect(effect)}" + (f", interval {interval}" if interval else "")
    parts = [_draw_ground(axis)]
    if effect.low is not None and effect.high is not None:
        parts.append(_draw_whisker(axis, effect.low, effect.high))
    parts.append(Markup('<circle class="dot" cx="{}" cy="14" r="4.5"/>').format(axis.x(effect.value)))
    return _wrap_svg(label, kind, HEIGHT, parts)


def draw_axis(axis: Axis) -> Markup:
    """Draw the axis with ticks."""
    parts = [Markup('<line class="rule" x1="{}" x2="{}" y1="1" y2="1"/>').format(PAD, WIDTH - PAD)]
    for value in place_ticks(axis):
        label = format_signed(value) if value else "0"
        parts.append(Markup('<line class="rule" x1="{0}" x2="{0}" y1="1" y2="5"/>').format(axis.x(value)))
        parts.append(Markup('<text x="{}" y="16" text-anchor="middle">{}</text>').format(axis.x(value), label))
    return _wrap_svg("axis of effects; right is better", "axis", 20.0, parts)


def place_ticks(axis: Axis) -> list[float]:
    """Return two to six round values inside the axis, zero among them."""
    span = axis.high - axis.low
    power = 10.0 ** math.floor(math.log10(span))
    step = next(power * factor for factor in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0) if span / (power * factor) <= 5)
    first, last = math.ceil(axis.low / step), math.floor(axis.high / step)
    return [round(index * step, 12) for index in range(first, last + 1)]


def _draw_ground(axis: Axis) -> Markup:
    left, right, zero = axis.x(-axis.band), axis.x(axis.band), axis.x(0.0)
    band = Markup('<rect class="band" x="{}" y="0" width="{:.2f}" height="28"/>').format(left, right - left)
    return band + Markup('<line class="zero" x1="{0}" x2="{0}" y1="0" y2="28"/>').format(zero)


def _draw_whisker(axis: Axis, low: float, high: float) -> Markup:
    left, right = axis.x(low), axis.x(high)
    bar = Markup('<line class="whisker" x1="{}" x2="{}" y1="14" y2="14"/>').format(left, right)
    cap = Markup('<line class="whisker" x1="{0}" x2="{0}" y1="9" y2="19"/>')
    return bar + cap.format(left) + cap.format(right)


def _wrap_svg(label: str, kind: str, height: float, parts: list[Markup]) -> Markup:
    head = Markup('<svg class="plot {}" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">')
    return head.format(kind, WIDTH, height, label) + Markup("").join(parts) + Markup("</svg>")
