"""The live screen of a run: header, one row per hypothesis, budget bars and the last events."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from app.formatting import format_duration, format_effect, format_interval, format_line, format_money
from app.live.board import Bar, Row, Stage, list_budgets, list_rows
from app.live.columns import Column, FittedTable
from app.live.event_lines import describe_event
from app.live.progress import describe_activity, estimate_next_verdict, summarize_verdicts
from app.record.event import Event
from app.record.record import Record
from app.unsafe_warning import make_warning, style_warning
from pelagos.nouns import VerdictKind

LAST_EVENTS = 6
MAX_BAR, MIN_BAR = 20, 6
COLUMNS = (
    Column("id"),
    Column("hypothesis", min_width=24),
    Column("state", min_width=13, rank=1),
    Column("effect", right=True),
    Column("interval", rank=2),
)
OTHER_LINES = 18
MIN_ROWS = 3
Clock = Callable[[], float]
STYLES = {
    VerdictKind.PROMISING: "green",
    VerdictKind.SUPPORTED: "bold green",
    VerdictKind.REFUTED: "red",
    VerdictKind.EQUIVALENT: "cyan",
    VerdictKind.UNDECIDED: "yellow",
}
FADED = {Stage.DROPPED, Stage.FAILED}


class LiveView:
    """A screen that is drawn again at every tick, four times a second: spinner and clock always move."""

    def __init__(self, folder: Path, record: Record, live: Live, clock: Clock = time.time) -> None:
        self._folder, self._record, self._live, self._clock = folder, record, live, clock
        self._events: deque[str] = deque(maxlen=LAST_EVENTS)
        self._spinner = Spinner("dots")

    def show(self, event: Event) -> None:
        text = describe_event(self._record, event)
        if text:
            self.say(text, event.at)

    def say(self, text: str, at: float | None = None) -> None:
        self._events.append(f"{time.strftime('%H:%M:%S', time.localtime(at or self._clock()))}  {format_line(text)}")

    def tick(self) -> None:
        max_rows = max(MIN_ROWS, self._live.console.height - OTHER_LINES)
        self._live.update(self.render(self._clock(), max_rows), refresh=True)

    def render(self, now: float, max_rows: int | None = None) -> RenderableType:
        """Return the whole screen at `now` (Unix seconds) with the newest `max_rows` hypotheses, by default all."""
        events = Text("\n".join(self._events), style="dim", overflow="ellipsis", no_wrap=True)
        self._spinner.update(text=Text(f" {format_line(describe_activity(self._record))}", style="bold"))
        return Group(
            *list_warnings(self._record), make_header(self._folder, self._record, now), self._spinner,
            Text(f"  {estimate_next_verdict(self._record, now)}"), Text(f"  {summarize_verdicts(self._record)}"),
            make_hypothesis_table(self._record, max_rows), Budgets(self._record, now), events,
        )  # fmt: skip


def list_warnings(record: Record) -> list[Text]:
    """Return a red line where nothing isolates the run's code, else nothing."""
    text = make_warning(record)
    return [style_warning(text)] if text else []


def make_header(folder: Path, record: Record, now: float) -> Text:
    elapsed = next(bar.spent for bar in list_budgets(record, now) if bar.name == "wall clock")
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"pelagos  {format_line(record.task) or '…'}", style="bold")
    text.append(f"   {format_duration(elapsed)}   ")
    return text.append(format_line(folder.name), style="dim")


def make_hypothesis_table(record: Record, newest: int | None = None, best: int = 0) -> RenderableType:
    """Return a table of the `newest` and the `best` hypotheses, by default of all."""
    if not record.proposed:
        return Text("no hypotheses yet", style="dim")
    shown_rows = list_rows(record, newest, best)
    hidden = len(record.proposed) - len(shown_rows)
    table = FittedTable(COLUMNS, [_make_cells(row) for row in shown_rows])
    return Group(Text(f"{hidden} earlier ones not shown", style="dim"), table) if hidden else table


def _make_cells(row: Row) -> list[Text]:
    style = STYLES[row.verdict] if row.verdict else "dim" if row.stage in FADED else ""
    texts = (
        row.id,
        row.title,
        row.state,
        format_effect(row.effect) if row.verdict else "",
        format_interval(row.effect),
    )
    first_styled = 0 if row.stage in FADED else 2
    return [Text(format_line(cell), style=style if index >= first_styled else "") for index, cell in enumerate(texts)]


class Budgets:
    """One line per budget. The bar takes the width that name and amount leave."""

    def __init__(self, record: Record, now: float) -> None:
        self._bars = list_budgets(record, now)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        amounts = [format_amount(bar) for bar in self._bars]
        name_width = max(len(bar.name) for bar in self._bars)
        width = min(MAX_BAR, options.max_width - name_width - max(map(len, amounts)) - 2)
        table = Table.grid(padding=(0, 1))
        for bar, amount in zip(self._bars, amounts, strict=True):
            progress_bar = [_draw_bar(bar, width)] if width >= MIN_BAR else []
            table.add_row(Text(bar.name, no_wrap=True), *progress_bar, Text(amount))
        yield table


def _draw_bar(bar: Bar, width: int) -> RenderableType:
    if not bar.cap:
        return Text("no cap", style="dim", no_wrap=True)
    return ProgressBar(total=1.0, completed=bar.share or 0.0, width=width)


def format_amount(bar: Bar) -> str:
    """Return what was spent of a budget: `1234 of 5000`, `3 min 20 s` or `unknown price`."""
    if bar.unit == "s":
        return format_duration(bar.spent) + (f" of {format_duration(bar.cap)}" if bar.cap else "")
    if bar.unit == "USD":
        return format_money(bar.spent, bar.unpriced) + (f" of {format_money(bar.cap)}" if bar.cap else "")
    return f"{bar.spent:,.0f}" + (f" of {bar.cap:,.0f}" if bar.cap else "")


@contextmanager
def open_live_view(folder: Path, record: Record, console: Console, clock: Clock = time.time) -> Iterator[LiveView]:
    """Open a live view on the terminal. `clock` returns the current time in Unix seconds; a replay has its own."""
    with Live(console=console, auto_refresh=False, transient=False) as live:
        view = LiveView(folder, record, live, clock)
        view.tick()
        yield view
        view.tick()
