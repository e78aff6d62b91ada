"""Draws the state machine as inline SVG, with where the lanes stand. Colours come from the page's CSS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from app.formatting import format_line
from app.review.growing.lanes import LANE_NODES, Lanes

WIDTH, HEIGHT = 936.0, 196.0
BOX_W, BOX_H, GAP = 92.0, 44.0, 12.0
LANE_Y, RUN_Y = 96.0, 8.0
BEFORE, AFTER = ("baseline", "survey"), ("confirm", "report")
MOST_NAMED = 2


def draw_machine(lanes: Lanes, is_over: bool = False) -> Markup:
    """Draw all nodes. Those where the run or a lane stands are marked with the hypotheses in work; none where the
    drive `is_over`."""
    standing = {} if is_over else _list_standing(lanes)
    places = _place_nodes()
    parts = [_draw_frame(), *_draw_arrows(places)]
    parts += [_draw_node(name, *place, standing.get(name)) for name, place in places.items()]
    label = "The state machine. " + (_describe(standing) or "No process drives the run.")
    head = Markup('<svg class="machine" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">')
    return head.format(WIDTH, HEIGHT, label) + Markup("").join(parts) + Markup("</svg>")


def _list_standing(lanes: Lanes) -> dict[str, list[str]]:
    """Return node -> the hypotheses there, "" for one that has none yet."""
    if lanes.run_node:
        return {lanes.run_node: []}
    standing: dict[str, list[str]] = {}
    for node, hypothesis in lanes.standing.values():
        standing.setdefault(node, []).append(hypothesis)
    return standing


def _describe(standing: Mapping[str, Sequence[str]]) -> str:
    places = [f"{node}: {_name(names)}" if names else node for node, names in standing.items()]
    return f"It stands at {'; '.join(places)}." if places else ""


def _name(hypotheses: Sequence[str]) -> str:
    named = [format_line(id, 8) for id in hypotheses if id]
    if not named:
        return "next idea" if len(hypotheses) == 1 else f"{len(hypotheses)} lanes"
    more = len(hypotheses) - len(named[:MOST_NAMED])
    return ", ".join(named[:MOST_NAMED]) + (f" +{more}" if more else "")


def _place_nodes() -> dict[str, tuple[float, float]]:
    """Return the left upper corner of each node."""
    step = BOX_W + GAP
    run = {name: (8 + index * step, RUN_Y) for index, name in enumerate(BEFORE)}
    run |= {name: (8 + (index + 7) * step, RUN_Y) for index, name in enumerate(AFTER)}
    return run | {name: (8 + index * step, LANE_Y) for index, name in enumerate(LANE_NODES)}


def _draw_frame() -> Markup:
    frame = Markup('<rect class="lane" x="1" y="{:g}" width="{:g}" height="{:g}" rx="10"/>')
    text = Markup('<text class="lane-name" x="{:g}" y="{:g}" text-anchor="middle">{}</text>')
    says = "each lane, one hypothesis after the other"
    return frame.format(LANE_Y - 12, WIDTH - 2, BOX_H + 48) + text.format(WIDTH / 2, LANE_Y - 24, says)


def _draw_arrows(places: Mapping[str, tuple[float, float]]) -> list[Markup]:
    middle = BOX_H / 2
    starts = ["baseline", "confirm", *LANE_NODES[:-1]]
    across = [_arrow(f"M{places[a][0] + BOX_W:g} {places[a][1] + middle:g}h{GAP - 2:g}") for a in starts]
    right, left = places["survey"][0] + BOX_W, places["ideate"][0] + BOX_W / 2
    into = _arrow(f"M{right:g} {RUN_Y + middle:g}h28v{LANE_Y - 12 - RUN_Y - middle - 3:g}", "m-3.5 -4l3.5 4l3.5 -4")
    out_x = places["confirm"][0]
    out = _arrow(f"M{out_x - 28:g} {LANE_Y - 12:g}v-{LANE_Y - 12 - RUN_Y - middle:g}h25")
    last, floor = places["reflect"][0] + BOX_W / 2, LANE_Y + BOX_H
    back = _arrow(f"M{last:g} {floor:g}v18H{left:g}v-15", "m-3.5 4l3.5 -4l3.5 4")
    return [*across, into, out, back]


def _arrow(path: str, head: str = "m-4 -3.5l4 3.5l-4 3.5") -> Markup:
    return Markup('<path class="way" d="{}{}"/>').format(path, head)


def _draw_node(name: str, x: float, y: float, hypotheses: Sequence[str] | None) -> Markup:
    kind = "node" if hypotheses is None else "node here"
    box = Markup('<rect x="{:g}" y="{:g}" width="{:g}" height="{:g}" rx="8"/>').format(x, y, BOX_W, BOX_H)
    names = _name(hypotheses) if hypotheses else ""
    lines = [(name, y + (19 if names else 27), "name"), (names, y + 35, "who")]
    texts = [
        Markup('<text class="{}" x="{:g}" y="{:g}" text-anchor="middle">{}</text>').format(
            style, x + BOX_W / 2, top, text
        )
        for text, top, style in lines
        if text
    ]
    return Markup('<g class="{}">').format(kind) + box + Markup("").join(texts) + Markup("</g>")
