"""Tables that fit the console: numbers are never cut, text columns share what is left, and columns that still don't
fit fall away, the least important first; so do those that are empty. `--json` has everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from app.words import line

GAP = 2
LONGEST = 400


@dataclass(frozen=True)
class Column:
    """`least`: a text column may be cut with an ellipsis down to so many cells; 0: it is never cut. `rank`: the
    column with the highest falls away first; 0: it always stays."""

    head: str
    least: int = 0
    rank: int = 0
    right: bool = False


class Fitted:
    """Rows of text under `columns`, as wide as the console allows. Cells are text, never markup."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[str | Text]]) -> None:
        self._columns = columns
        self._rows = [[_text(cell) for cell in row] for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self.widths(options.max_width)
        made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for place, width in widths.items():
            one = self._columns[place]
            made.add_column(
                one.head, width=width, no_wrap=True, overflow="ellipsis", justify="right" if one.right else "left"
            )
        for row in self._rows:
            made.add_row(*(row[place] for place in widths))
        yield made

    def least(self) -> int:
        """Cells that the columns take that never fall away, with nothing cut that must not be."""
        kept = [place for place, one in enumerate(self._columns) if not one.rank]
        return self._least(kept, [self._natural(place) for place in range(len(self._columns))])

    def widths(self, room: int) -> dict[int, int]:
        """The width of each column that is shown, by its place."""
        natural = [self._natural(place) for place in range(len(self._columns))]
        shown = [place for place, one in enumerate(self._columns) if not one.rank or self._filled(place)]
        while (spare := room - self._least(shown, natural)) < 0 and (worst := self._worst(shown)) is not None:
            shown.remove(worst)
        widths = {place: self._floor(place, natural) for place in shown}
        soft = [place for place in shown if self._columns[place].least]
        for place, share in [*((place, len(soft)) for place in soft), *((place, 1) for place in soft)]:
            more = min(max(spare // share, 1 - widths[place]), natural[place] - widths[place])
            widths[place] += more
            spare -= more
        return widths

    def _filled(self, place: int) -> bool:
        return any(row[place].plain for row in self._rows)

    def _natural(self, place: int) -> int:
        cells = [row[place].cell_len for row in self._rows]
        return max([cell_len(self._columns[place].head), *cells])

    def _floor(self, place: int, natural: Sequence[int]) -> int:
        least = self._columns[place].least
        return min(least, natural[place]) if least else natural[place]

    def _least(self, shown: Sequence[int], natural: Sequence[int]) -> int:
        return sum(self._floor(place, natural) for place in shown) + GAP * (len(shown) - 1)

    def _worst(self, shown: Sequence[int]) -> int | None:
        ranked = [place for place in shown if self._columns[place].rank]
        return max(ranked, key=lambda place: self._columns[place].rank, default=None)


def _text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(line(cell, LONGEST))
