"""Tables that fit the console. Numbers are never cut. Text columns share the remaining width. Columns that still don't
fit are dropped, the least important first, and so are empty ones. `--json` prints everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from app.formatting import format_line

GAP = 2
MAX_LENGTH = 400


@dataclass(frozen=True)
class Column:
    """`min_width`: a text column may be cut with an ellipsis to this many cells; 0: it is never cut. `rank`: the column
    with the highest rank is dropped first; 0: it is never dropped."""

    head: str
    min_width: int = 0
    rank: int = 0
    right: bool = False


class FittedTable:
    """Rows of text below the heads of `columns`, as wide as the console allows. Cells are text, never markup."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[str | Text]]) -> None:
        self._columns = columns
        self._rows = [[_make_text(cell) for cell in row] for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self.fit_widths(options.max_width)
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for index, width in widths.items():
            column = self._columns[index]
            table.add_column(
                column.head, width=width, no_wrap=True, overflow="ellipsis", justify="right" if column.right else "left"
            )
        for row in self._rows:
            table.add_row(*(row[index] for index in widths))
        yield table

    def min_width(self) -> int:
        """Return the width in cells of the columns that are never dropped, with text columns cut as far as they may
        be."""
        indexes = [index for index, column in enumerate(self._columns) if not column.rank]
        return self._sum_widths(indexes, [self._content_width(index) for index in range(len(self._columns))])

    def fit_widths(self, room: int) -> dict[int, int]:
        """Return the width in cells of each column that is shown, by its index; `room` is the width of the console."""
        content_widths = [self._content_width(index) for index in range(len(self._columns))]
        shown = [index for index, column in enumerate(self._columns) if not column.rank or self._has_text(index)]
        while (spare := room - self._sum_widths(shown, content_widths)) < 0 and (
            dropped := self._find_least_important(shown)
        ) is not None:
            shown.remove(dropped)
        widths = {index: self._min_column_width(index, content_widths) for index in shown}
        text_indexes = [index for index in shown if self._columns[index].min_width]
        for index, share in [
            *((index, len(text_indexes)) for index in text_indexes),
            *((index, 1) for index in text_indexes),
        ]:
            added = min(max(spare // share, 1 - widths[index]), content_widths[index] - widths[index])
            widths[index] += added
            spare -= added
        return widths

    def _has_text(self, index: int) -> bool:
        return any(row[index].plain for row in self._rows)

    def _content_width(self, index: int) -> int:
        cells = [row[index].cell_len for row in self._rows]
        return max([cell_len(self._columns[index].head), *cells])

    def _min_column_width(self, index: int, content_widths: Sequence[int]) -> int:
        min_width = self._columns[index].min_width
        return min(min_width, content_widths[index]) if min_width else content_widths[index]

    def _sum_widths(self, shown: Sequence[int], content_widths: Sequence[int]) -> int:
        return sum(self._min_column_width(index, content_widths) for index in shown) + GAP * (len(shown) - 1)

    def _find_least_important(self, shown: Sequence[int]) -> int | None:
        optional = [index for index in shown if self._columns[index].rank]
        return max(optional, key=lambda index: self._columns[index].rank, default=None)


def _make_text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(format_line(cell, MAX_LENGTH))
