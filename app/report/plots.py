"""Interval plots as inline SVG: one axis for all hypotheses, the zero line, the band of effects too small to want.

Colours come from the page's CSS, so that they follow light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from app.words import interval, signed

WIDTH, HEIGHT, PAD = 300.0, 28.0, 10.0


@dataclass(frozen=True)
class Axis:
    """Oriented effects from `low` to `high`; right is better. `band` is the minimal effect, 0 where unknown."""

    low: float
    high: float
    band: float = 0.0

    @classmethod
    def over(cls, values: Iterable[float | None], band: float = 0.0) -> Axis:
        """The axis that holds zero, the band and every finite value, with a margin."""
        found = [value for value in values if value is not None and math.isfinite(value)]
        low, high = min([0.0, -band, *found]), max([0.0, band, *found])
        margin = (high - low) * 0.06 or 1.0
        return cls(low - margin, high + margin, band)

    def x(self, value: float) -> float:
        """Where `value` lies; what is beyond the axis lies on its edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(PAD + min(1.0, max(0.0, share)) * (WIDTH - 2 * PAD), 2)


def interval_plot(axis: Axis, effect: float | None, low: float | None, high: float | None, kind: str = "") -> Markup:
    """A dot with its whiskers. `kind` is a verdict and becomes a CSS class."""
    said = f"effect {signed(effect)}" + (f", interval {interval(low, high)}" if low is not None else "")
    parts = [_ground(axis)]
    if low is not None and high is not None:
        parts.append(_whisker(axis, low, high))
    if effect is not None:
        parts.append(Markup('<circle class="dot" cx="{}" cy="14" r="4.5"/>').format(axis.x(effect)))
    return _svg(said, kind, HEIGHT, parts)


def axis_plot(axis: Axis) -> Markup:
    """The axis itself, with ticks."""
    parts = [Markup('<line class="rule" x1="{}" x2="{}" y1="1" y2="1"/>').format(PAD, WIDTH - PAD)]
    for value in ticks(axis):
        label = signed(value) if value else "0"
        parts.append(Markup('<line class="rule" x1="{0}" x2="{0}" y1="1" y2="5"/>').format(axis.x(value)))
        parts.append(Markup('<text x="{}" y="16" text-anchor="middle">{}</text>').format(axis.x(value), label))
    return _svg("axis of effects; right is better", "axis", 20.0, parts)


def ticks(axis: Axis) -> list[float]:
    """Two to six round values inside the axis, zero among them."""
    span = axis.high - axis.low
    power = 10.0 ** math.floor(math.log10(span))
    step = next(power * factor for factor in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0) if span / (power * factor) <= 5)
    first, last = math.ceil(axis.low / step), math.floor(axis.high / step)
    return [round(place * step, 12) for place in range(first, last + 1)]


def _ground(axis: Axis) -> Markup:
    left, right, zero = axis.x(-axis.band), axis.x(axis.band), axis.x(0.0)
    band = Markup('<rect class="band" x="{}" y="0" width="{:.2f}" height="28"/>').format(left, right - left)
    return band + Markup('<line class="zero" x1="{0}" x2="{0}" y1="0" y2="28"/>').format(zero)


def _whisker(axis: Axis, low: float, high: float) -> Markup:
    a, b = axis.x(low), axis.x(high)
    bar = Markup('<line class="whisker" x1="{}" x2="{}" y1="14" y2="14"/>').format(a, b)
    cap = Markup('<line class="whisker" x1="{0}" x2="{0}" y1="9" y2="19"/>')
    return bar + cap.format(a) + cap.format(b)


def _svg(said: str, kind: str, height: float, parts: list[Markup]) -> Markup:
    head = Markup('<svg class="plot {}" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">')
    return head.format(kind, WIDTH, height, said) + Markup("").join(parts) + Markup("</svg>")
