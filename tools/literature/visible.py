"""Removes text from a PDF page that a reader can't see: invisible (render modes 3 and 7), white, transparent, smaller
than `TINY` points, or outside the page.

White letters on a dark ground are removed as well, because losing a table's header is better than reading a hidden
instruction. Text under a picture or in a hidden layer is not detected. Extracted text is treated as data in any case.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

TINY = 2.0
WHITE = 0.95
OPAQUE = 0.05
DEPTH = 3
Matrix = tuple[float, float, float, float, float, float]
UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
TEXT_OPERATORS = {b"Tj", b"TJ", b"'", b'"'}
COLOUR_OPERATORS = {b"g", b"rg", b"k", b"sc", b"scn"}


@dataclass(frozen=True)
class _GraphicsState:
    """The part of a page's graphics state that determines whether text is visible."""

    ctm: Matrix = UNIT
    mode: int = 0
    white: bool = False
    clear: bool = False
    size: float = 0.0
    leading: float = 0.0


@dataclass
class _ContentWalk:
    """State, stack and text matrix while walking through the operators of one content stream."""

    box: tuple[float, float, float, float]
    resources: Any
    state: _GraphicsState
    stack: list[_GraphicsState] = field(default_factory=list)
    line: Matrix = UNIT

    def seen(self) -> bool:
        place = _multiply(self.line, self.state.ctm)
        left, low, right, high = self.box
        inside = left - 1 <= place[4] <= right + 1 and low - 1 <= place[5] <= high + 1
        height = abs(self.state.size) * (place[2] ** 2 + place[3] ** 2) ** 0.5
        hidden = self.state.mode in {3, 7} or self.state.white or self.state.clear
        return inside and height >= TINY and not hidden

    def step(self, operator: bytes, values: list[Any]) -> None:
        if operator in {b"q", b"Q"}:
            self._nest(operator)
        elif operator in {b"BT", b"Tm", b"Td", b"TD", b"T*", b"'", b'"', b"TL"}:
            self._move(operator, values)
        elif operator in COLOUR_OPERATORS:
            self.state = replace(self.state, white=_is_white(values))
        elif operator == b"Tr":
            self.state = replace(self.state, mode=int(values[0]))
        elif operator == b"Tf":
            self.state = replace(self.state, size=float(values[1]))
        elif operator == b"cm":
            self.state = replace(self.state, ctm=_multiply(_to_matrix(values), self.state.ctm))
        elif operator == b"gs":
            self._look_up(str(values[0]))

    def _nest(self, operator: bytes) -> None:
        if operator == b"q":
            self.stack.append(self.state)
        elif self.stack:
            self.state = self.stack.pop()

    def _move(self, operator: bytes, values: list[Any]) -> None:
        if operator == b"BT":
            self.line = UNIT
        elif operator == b"Tm":
            self.line = _to_matrix(values)
        elif operator == b"TL":
            self.state = replace(self.state, leading=float(values[0]))
        elif operator in {b"Td", b"TD"}:
            across, up = float(values[0]), float(values[1])
            self.line = _multiply((1, 0, 0, 1, across, up), self.line)
            if operator == b"TD":
                self.state = replace(self.state, leading=-up)
        else:
            self.line = _multiply((1, 0, 0, 1, 0, -self.state.leading), self.line)

    def _look_up(self, name: str) -> None:
        named = _resolve(_resolve(self.resources, "/ExtGState"), name)
        opacity = _resolve(named, "/ca")
        if opacity is not None:
            self.state = replace(self.state, clear=float(opacity) < OPAQUE)


def remove_hidden_text(page: Any, reader: Any) -> None:
    """Remove the invisible text from the page's content, including its forms. Changes `page`."""
    from pypdf.generic import ContentStream, NameObject

    contents = page.get_contents()
    if contents is None:
        return
    box = tuple(float(edge) for edge in (*page.mediabox.lower_left, *page.mediabox.upper_right))
    content = ContentStream(contents, reader)
    walk = _ContentWalk((box[0], box[1], box[2], box[3]), page.get("/Resources"), _GraphicsState())
    content.operations = _keep_visible(content.operations, walk, reader, DEPTH)
    page[NameObject("/Contents")] = content


def _keep_visible(operations: list[Any], walk: _ContentWalk, reader: Any, depth: int) -> list[Any]:
    visible = []
    for values, operator in operations:
        try:
            walk.step(operator, values)
        except (TypeError, ValueError, IndexError):
            continue  # an operator without its values draws nothing
        if operator in TEXT_OPERATORS and not walk.seen():
            continue
        if operator == b"Do" and not _strip_form(str(values[0]), walk, reader, depth):
            continue
        visible.append((values, operator))
    return visible


def _strip_form(name: str, walk: _ContentWalk, reader: Any, depth: int) -> bool:
    """Strip the form of that name. Returns False if the form is nested too deep; it is then left out."""
    from pypdf.generic import ContentStream, NameObject

    form = _resolve(_resolve(walk.resources, "/XObject"), name)
    if form is None or _resolve(form, "/Subtype") != "/Form":
        return True
    if depth == 0:
        return False
    content = ContentStream(form, reader)
    own = _to_matrix(list(form["/Matrix"])) if "/Matrix" in form else UNIT
    start = replace(walk.state, ctm=_multiply(own, walk.state.ctm))
    inner = _ContentWalk(walk.box, form.get("/Resources", walk.resources), start)
    content.operations = _keep_visible(content.operations, inner, reader, depth - 1)
    form.set_data(content.get_data())
    form.pop(NameObject("/Length"), None)
    return True


def _resolve(holder: Any, name: str) -> Any:
    mapping: Any = holder.get_object() if holder is not None else None
    value = mapping.get(name) if hasattr(mapping, "get") else None
    return value.get_object() if value is not None else None


def _is_white(values: list[Any]) -> bool:
    """Whether a colour (grey, RGB or CMYK) is white; False for the name of a pattern."""
    try:
        parts = [float(value) for value in values]
    except (TypeError, ValueError):
        return False
    return max(parts) <= 1 - WHITE if len(parts) == 4 else bool(parts) and min(parts) >= WHITE


def _to_matrix(values: list[Any]) -> Matrix:
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def _multiply(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m
