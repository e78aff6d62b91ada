"""Draws a flow of steps as inline SVG, from top to bottom: a box stands below all that it follows.

Colours come from the page's CSS. The width fits a telephone; long texts are wrapped and cut.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.formatting import format_line
from tools.section import Box, Flow

WIDTH, GAP, PAD, RISE = 400.0, 14.0, 9.0, 22.0
LINE, CHAR = 16.0, 6.9  # height of a line and mean width of a character, in units of the drawing
MOST_BOXES, LABEL_LINES, DETAIL_LINES = 30, 2, 5


@dataclass(frozen=True)
class Placed:
    """A box with its place: left edge, top edge, width and height."""

    box: Box
    label: Sequence[str]
    details: Sequence[str]
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def draw_flow(flow: Flow) -> Markup:
    """Return the drawing of the first boxes."""
    placed = place_boxes(flow.boxes[:MOST_BOXES])
    height = max((each.y + each.height for each in placed), default=0.0) + 2
    arrows = [(source, target) for target, each in enumerate(placed) for source in _list_sources(each.box, target)]
    parts = [_draw_arrow(placed[source], placed[target]) for source, target in arrows]
    parts += [_draw_box(each) for each in placed]
    label = format_line(flow.caption or "steps in their order")
    head = Markup('<svg class="flow" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">').format(WIDTH, height, label)
    return head + Markup("").join(parts) + Markup("</svg>")


def place_boxes(boxes: Sequence[Box]) -> list[Placed]:
    """Return each box with its place, in their order."""
    rows = rank_boxes(boxes)
    placed: dict[int, Placed] = {}
    top = 1.0
    for row in range(max(rows, default=-1) + 1):
        members = [place for place, rank in enumerate(rows) if rank == row]
        width = (WIDTH - 2 - GAP * (len(members) - 1)) / len(members)
        made = [_place(boxes[each], 1 + column * (width + GAP), top, width) for column, each in enumerate(members)]
        placed |= dict(zip(members, made, strict=True))
        top += max(each.height for each in made) + RISE
    return [placed[place] for place in range(len(boxes))]


def rank_boxes(boxes: Sequence[Box]) -> list[int]:
    """Return the row of each box: one below the lowest that it follows. A box follows earlier ones only."""
    ranks: list[int] = []
    for place, box in enumerate(boxes):
        ranks.append(max((ranks[source] + 1 for source in _list_sources(box, place)), default=0))
    return ranks


def _list_sources(box: Box, place: int) -> list[int]:
    return [source for source in box.after if 0 <= source < place]


def _place(box: Box, x: float, y: float, width: float) -> Placed:
    label = _wrap(box.label, width, LABEL_LINES)
    details = [line for text in box.details for line in _wrap(text, width, 2)][:DETAIL_LINES]
    return Placed(
        box, label, details, round(x, 1), round(y, 1), round(width, 1), 2 * PAD + LINE * len([*label, *details])
    )


def _wrap(text: str, width: float, most: int) -> list[str]:
    chars = max(int((width - 2 * PAD) / CHAR), 4)
    return textwrap.wrap(format_line(text, 400), chars, max_lines=most, placeholder=" …") or [""]


def _draw_box(placed: Placed) -> Markup:
    frame = Markup('<rect x="{}" y="{}" width="{}" height="{:g}" rx="6"/>').format(
        placed.x, placed.y, placed.width, placed.height
    )
    lines = [*(("label", line) for line in placed.label), *(("detail", line) for line in placed.details)]
    texts = [
        Markup('<text class="{}" x="{:g}" y="{:g}">{}</text>').format(
            kind, placed.x + PAD, placed.y + PAD + LINE * (row + 0.78), line
        )
        for row, (kind, line) in enumerate(lines)
    ]
    return frame + Markup("").join(texts)


def _draw_arrow(source: Placed, target: Placed) -> Markup:
    """Draw from the lower edge of the source to the upper edge of the target."""
    top, end = source.y + source.height, target.y - 1
    line = Markup('<line x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}"/>').format(source.middle, top, target.middle, end - 6)
    head = Markup('<path d="M{:g} {:g}l-4.5 -8h9z"/>').format(target.middle, end)
    return line + head
