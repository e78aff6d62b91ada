"""The run as a live screen: header, one row per hypothesis, budget bars, last events."""

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

from app.board import Bar, Row, Stage, bars, rows
from app.columns import Column, Fitted
from app.feed import told
from app.progress import activity, learned, next_verdict
from app.record import Event, Record
from app.warning import red, warning
from app.words import duration, interval, line, money, signed
from pelagos.nouns import VerdictKind

LAST_EVENTS = 6
BAR, LEAST_BAR = 20, 6
COLUMNS = (
    Column("id"),
    Column("hypothesis", least=24),
    Column("state", least=13, rank=1),
    Column("effect", right=True),
    Column("interval", rank=2),
)
OTHER_LINES = 18
LEAST_ROWS = 3
Clock = Callable[[], float]
STYLES = {
    VerdictKind.SUPPORTED: "bold green",
    VerdictKind.REFUTED: "red",
    VerdictKind.EQUIVALENT: "cyan",
    VerdictKind.UNDECIDED: "yellow",
}
FADED = {Stage.DROPPED, Stage.FAILED}


class LiveView:
    """Redrawn at every tick (four a second): the spinner and the clock move even where nothing else does."""

    def __init__(self, folder: Path, record: Record, live: Live, clock: Clock = time.time) -> None:
        self._folder, self._record, self._live, self._clock = folder, record, live, clock
        self._events: deque[str] = deque(maxlen=LAST_EVENTS)
        self._spinner = Spinner("dots")

    def show(self, event: Event) -> None:
        text = told(self._record, event)
        if text:
            self.say(text, event.at)

    def say(self, text: str, at: float | None = None) -> None:
        self._events.append(f"{time.strftime('%H:%M:%S', time.localtime(at or self._clock()))}  {line(text)}")

    def tick(self) -> None:
        most = max(LEAST_ROWS, self._live.console.height - OTHER_LINES)
        self._live.update(self.render(self._clock(), most), refresh=True)

    def render(self, now: float, most: int | None = None) -> RenderableType:
        """The whole screen at `now` (Unix seconds), with the `most` newest hypotheses."""
        events = Text("\n".join(self._events), style="dim", overflow="ellipsis", no_wrap=True)
        self._spinner.update(text=Text(f" {line(activity(self._record))}", style="bold"))
        return Group(
            *unsafe(self._record), header(self._folder, self._record, now), self._spinner,
            Text(f"  {next_verdict(self._record, now)}"), Text(f"  {learned(self._record)}"),
            hypotheses(self._record, most), Budgets(self._record, now), events,
        )  # fmt: skip


def unsafe(record: Record) -> list[Text]:
    """A red line where nothing isolates the run's code."""
    text = warning(record)
    return [red(text)] if text else []


def header(folder: Path, record: Record, now: float) -> Text:
    elapsed = next(bar.spent for bar in bars(record, now) if bar.name == "wall clock")
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"pelagos  {line(record.task) or '…'}", style="bold")
    text.append(f"   {duration(elapsed)}   ")
    return text.append(line(folder.name), style="dim")


def hypotheses(record: Record, most: int | None = None) -> RenderableType:
    """The `most` newest hypotheses, by default all."""
    if not record.hypotheses:
        return Text("no hypotheses yet", style="dim")
    hidden = max(0, len(record.hypotheses) - most) if most else 0
    shown = Fitted(COLUMNS, [_cells(row) for row in rows(record, most)])
    return Group(Text(f"{hidden} earlier ones not shown", style="dim"), shown) if hidden else shown


def _cells(row: Row) -> list[Text]:
    style = STYLES[row.verdict] if row.verdict else "dim" if row.stage in FADED else ""
    shown = (row.id, row.title, row.state, signed(row.effect) if row.verdict else "", interval(row.low, row.high))
    plain = 0 if row.stage in FADED else 2
    return [Text(line(cell), style=style if place >= plain else "") for place, cell in enumerate(shown)]


class Budgets:
    """One line per budget; the bar takes what its name and its numbers leave."""

    def __init__(self, record: Record, now: float) -> None:
        self._bars = bars(record, now)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        amounts = [amount(bar) for bar in self._bars]
        names = max(len(bar.name) for bar in self._bars)
        width = min(BAR, options.max_width - names - max(map(len, amounts)) - 2)
        made = Table.grid(padding=(0, 1))
        for bar, said in zip(self._bars, amounts, strict=True):
            drawn = [_drawn(bar, width)] if width >= LEAST_BAR else []
            made.add_row(Text(bar.name, no_wrap=True), *drawn, Text(said))
        yield made


def _drawn(bar: Bar, width: int) -> RenderableType:
    if not bar.cap:
        return Text("no cap", style="dim", no_wrap=True)
    return ProgressBar(total=1.0, completed=bar.share or 0.0, width=width)


def amount(bar: Bar) -> str:
    """`1234 of 5000`, `3 min 20 s`, `unknown price`."""
    if bar.unit == "s":
        return duration(bar.spent) + (f" of {duration(bar.cap)}" if bar.cap else "")
    if bar.unit == "USD":
        return money(bar.spent, bar.unpriced) + (f" of {money(bar.cap)}" if bar.cap else "")
    return f"{bar.spent:,.0f}" + (f" of {bar.cap:,.0f}" if bar.cap else "")


@contextmanager
def live_view(folder: Path, record: Record, console: Console, clock: Clock = time.time) -> Iterator[LiveView]:
    """`clock` tells the Unix seconds that the view takes for now: a replay has a clock of its own."""
    with Live(console=console, auto_refresh=False, transient=False) as live:
        view = LiveView(folder, record, live, clock)
        view.tick()
        yield view
        view.tick()
