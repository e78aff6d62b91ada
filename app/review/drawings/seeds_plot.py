"""Draws the scores of single seeds as inline SVG: one row of dots per series, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from markupsafe import Markup

from app.formatting import format_line, format_number
from pelagos.counts import format_count

WIDTH, ROW, LABEL, PAD = 560.0, 30.0, 150.0, 14.0


@dataclass(frozen=True)
class Series:
    """Seeds and their scores. `own`: of the hypothesis' version, else of what it is compared with."""

    label: str
    scores: Sequence[tuple[int, float]]
    own: bool


def draw_seeds(series: Sequence[Series], sign: int) -> Markup:
    """Draw the series that have scores, "" where none has. `sign`: +1 where a higher score is better; the better end
    is at the right."""
    shown = [each for each in series if each.scores]
    if not shown:
        return Markup("")
    scores = [score for each in shown for _, score in each.scores]
    low, high = min(scores), max(scores)
    margin = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    ends = (low - margin, high + margin) if sign > 0 else (high + margin, low - margin)
    height = ROW * len(shown) + 24
    rows = [_draw_series(each, ROW * row + ROW / 2, ends) for row, each in enumerate(shown)]
    label = "scores of single seeds: " + "; ".join(_describe(each) for each in shown)
    head = Markup('<svg class="seeds" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">').format(WIDTH, height, label)
    return head + Markup("").join(rows) + _draw_ends(ends, height) + Markup("</svg>")


def _describe(series: Series) -> str:
    scores = [score for _, score in series.scores]
    return f"{format_line(series.label)}: {format_count(len(scores), 'seed')}, mean {format_number(fmean(scores))}"


def _x(value: float, ends: tuple[float, float]) -> float:
    share = (value - ends[0]) / (ends[1] - ends[0])
    return round(LABEL + PAD + share * (WIDTH - LABEL - 2 * PAD), 2)


def _draw_series(series: Series, y: float, ends: tuple[float, float]) -> Markup:
    kind = "own" if series.own else "base"
    mean = _x(fmean(score for _, score in series.scores), ends)
    parts = [
        Markup('<text x="0" y="{:g}">{}</text>').format(y + 4, format_line(series.label, 24)),
        Markup('<line class="rule" x1="{:g}" x2="{:g}" y1="{:g}" y2="{:g}"/>').format(LABEL, WIDTH, y, y),
        Markup('<line class="mean" x1="{0:g}" x2="{0:g}" y1="{1:g}" y2="{2:g}"/>').format(mean, y - 10, y + 10),
    ]
    dot = Markup('<circle cx="{:g}" cy="{:g}" r="4.5"><title>seed {}: {}</title></circle>')
    parts += [dot.format(_x(score, ends), y, seed, format_number(score)) for seed, score in series.scores]
    return Markup('<g class="{}">').format(kind) + Markup("").join(parts) + Markup("</g>")


def _draw_ends(ends: tuple[float, float], height: float) -> Markup:
    left = Markup('<text x="{:g}" y="{:g}">{}</text>').format(LABEL, height - 4, format_number(ends[0]))
    right = Markup('<text x="{:g}" y="{:g}" text-anchor="end">{} better →</text>')
    return left + right.format(WIDTH, height - 4, format_number(ends[1]))
