"""Takes out of a PDF page what a reader can't see: text drawn without ink (render modes 3 and 7), in white, with no
opacity, smaller than `TINY` points, or outside the page.

White letters on a dark ground are lost with it: a header of a table isn't worth a hidden instruction. Text under a
picture or of a hidden layer isn't found; what is read is data in any case.
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
SHOWING = {b"Tj", b"TJ", b"'", b'"'}
COLOURS = {b"g", b"rg", b"k", b"sc", b"scn"}


@dataclass(frozen=True)
class _State:
    """The part of a page's graphics state that decides whether text is seen."""

    ctm: Matrix = UNIT
    mode: int = 0
    white: bool = False
    clear: bool = False
    size: float = 0.0
    leading: float = 0.0


@dataclass
class _Walk:
    """One content stream: state, stack and text matrices while walking through its operators."""

    box: tuple[float, float, float, float]
    resources: Any
    state: _State
    stack: list[_State] = field(default_factory=list)
    line: Matrix = UNIT

    def seen(self) -> bool:
        place = _times(self.line, self.state.ctm)
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
        elif operator in COLOURS:
            self.state = replace(self.state, white=_white(values))
        elif operator == b"Tr":
            self.state = replace(self.state, mode=int(values[0]))
        elif operator == b"Tf":
            self.state = replace(self.state, size=float(values[1]))
        elif operator == b"cm":
            self.state = replace(self.state, ctm=_times(_matrix(values), self.state.ctm))
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
            self.line = _matrix(values)
        elif operator == b"TL":
            self.state = replace(self.state, leading=float(values[0]))
        elif operator in {b"Td", b"TD"}:
            across, up = float(values[0]), float(values[1])
            self.line = _times((1, 0, 0, 1, across, up), self.line)
            if operator == b"TD":
                self.state = replace(self.state, leading=-up)
        else:
            self.line = _times((1, 0, 0, 1, 0, -self.state.leading), self.line)

    def _look_up(self, name: str) -> None:
        named = _get(_get(self.resources, "/ExtGState"), name)
        opacity = _get(named, "/ca")
        if opacity is not None:
            self.state = replace(self.state, clear=float(opacity) < OPAQUE)


def strip(page: Any, reader: Any) -> None:
    """Leave in the page's content, forms included, the text that can be seen."""
    from pypdf.generic import ContentStream, NameObject

    contents = page.get_contents()
    if contents is None:
        return
    box = tuple(float(edge) for edge in (*page.mediabox.lower_left, *page.mediabox.upper_right))
    content = ContentStream(contents, reader)
    walk = _Walk((box[0], box[1], box[2], box[3]), page.get("/Resources"), _State())
    content.operations = _kept(content.operations, walk, reader, DEPTH)
    page[NameObject("/Contents")] = content


def _kept(operations: list[Any], walk: _Walk, reader: Any, depth: int) -> list[Any]:
    kept = []
    for values, operator in operations:
        try:
            walk.step(operator, values)
        except (TypeError, ValueError, IndexError):
            continue  # an operator without its values: it draws nothing
        if operator in SHOWING and not walk.seen():
            continue
        if operator == b"Do" and not _form(str(values[0]), walk, reader, depth):
            continue
        kept.append((values, operator))
    return kept


def _form(name: str, walk: _Walk, reader: Any, depth: int) -> bool:
    """Strip the form of that name. False where what it draws isn't looked through and so is left out."""
    from pypdf.generic import ContentStream, NameObject

    form = _get(_get(walk.resources, "/XObject"), name)
    if form is None or _get(form, "/Subtype") != "/Form":
        return True
    if depth == 0:
        return False
    content = ContentStream(form, reader)
    own = _matrix(list(form["/Matrix"])) if "/Matrix" in form else UNIT
    start = replace(walk.state, ctm=_times(own, walk.state.ctm))
    inner = _Walk(walk.box, form.get("/Resources", walk.resources), start)
    content.operations = _kept(content.operations, inner, reader, depth - 1)
    form.set_data(content.get_data())
    form.pop(NameObject("/Length"), None)
    return True


def _get(holder: Any, name: str) -> Any:
    held: Any = holder.get_object() if holder is not None else None
    found = held.get(name) if hasattr(held, "get") else None
    return found.get_object() if found is not None else None


def _white(values: list[Any]) -> bool:
    """Grey, RGB or CMYK; a pattern's name is a colour like another."""
    try:
        parts = [float(value) for value in values]
    except (TypeError, ValueError):
        return False
    return max(parts) <= 1 - WHITE if len(parts) == 4 else bool(parts) and min(parts) >= WHITE


def _matrix(values: list[Any]) -> Matrix:
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m
