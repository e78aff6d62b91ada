"""The log of a run, and the stream that keeps open pages up to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from app.review.contents.overview import collect_progress
from app.review.contents.running import list_running
from app.review.growing.growing_record import GrowingRecord
from app.review.growing.log_lines import read_log
from app.review.rendering import render, render_text
from app.review.runs import RunShelf, Shelf

router = APIRouter()
POLL_S, TICK_S, HEARTBEAT_S = 1.0, 5.0, 15.0
RETRY_MS = 2000
STREAM_HEADERS = {"X-Accel-Buffering": "no"}


@router.get("/runs/{run}/log", response_class=HTMLResponse)
def show_log(request: Request, run: str, shelf: Shelf, before: int = 0) -> HTMLResponse:
    with shelf.reading(run) as growing:
        lines = read_log(growing, before=before or None)
        is_live = growing.find_state()[0] == "running"
        return render(
            request, "log.html.j2", run=run, seq=growing.position.seq, lines=lines, before=before, is_live=is_live
        )


@router.get("/runs/{run}/events")
async def stream_events(
    request: Request, run: str, shelf: Shelf, after: int | None = None, of: str = ""
) -> StreamingResponse:
    """Send `progress` (the changing part of the overview), `log` (new lines) and `running` (what experiments print, of
    the hypothesis `of` alone if one is given), all as HTML, and `news` where a page of the row `after` is out of date.
    An event's id is the number of the newest row that it shows; with `Last-Event-ID` or `after` the stream goes on
    behind that row."""
    growing = await asyncio.to_thread(shelf.find, run)
    given = request.headers.get("last-event-id", "")
    seen = int(given) if given.isdecimal() else after
    return StreamingResponse(
        _stream(View(request, growing, run, of, after), shelf, seen),
        media_type="text/event-stream",
        headers=STREAM_HEADERS,
    )


class View:
    """What an open page shows: a run, or one hypothesis of it, as it was `made_at` a row, None where it isn't known."""

    def __init__(
        self, request: Request, growing: GrowingRecord, run: str, hypothesis: str, made_at: int | None
    ) -> None:
        self.request, self.growing, self.run, self.hypothesis = request, growing, run, hypothesis
        self._made_at = made_at
        self._running = ""

    def collect(self, seen: int | None, is_due: bool) -> tuple[str, int]:
        """Return the events to send and the number of the newest row."""
        with self.growing.reading():
            newest = self.growing.position.seq
            before = newest if seen is None or seen > newest else seen
            events = self._write_rows(before, newest, is_due) + self._write_running(newest) + self._write_news(newest)
            return events, newest

    def _write_rows(self, before: int, newest: int, is_due: bool) -> str:
        """Write rows for a page of the whole run. Progress is sent where rows are new and, of a run in progress, where
        it `is_due`: its times go on."""
        if self.hypothesis:
            return ""
        is_new = newest > before
        if not is_new and not (is_due and self.growing.find_state()[1] is not None):
            return ""
        text = self._render("_progress.html.j2", **collect_progress(self.growing))
        lines = read_log(self.growing, after=before) if is_new else []
        log = _write_event("log", newest, self._render("_log_lines.html.j2", lines=lines)) if lines else ""
        return _write_event("progress", newest, text) + log

    def _write_running(self, newest: int) -> str:
        running = list_running(self.growing, self.hypothesis)
        text = self._render("_running.html.j2", running=running) if running else ""
        if text == self._running:
            return ""
        self._running = text
        return _write_event("running", newest, text)

    def _write_news(self, newest: int) -> str:
        if self._made_at is None or not self.growing.has_news(self.hypothesis, self._made_at):
            return ""
        self._made_at = None  # once is enough
        return _write_event("news", newest, "")

    def _render(self, template: str, **contents: Any) -> str:
        return render_text(self.request, template, run=self.run, **contents)


async def _stream(view: View, shelf: RunShelf, seen: int | None) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    told_at = beat_at = 0.0
    while not shelf.closing.is_set() and not await view.request.is_disconnected():
        now = time.monotonic()
        events, seen = await asyncio.to_thread(view.collect, seen, now - told_at >= TICK_S)
        if events:
            told_at = beat_at = now
            yield events
        elif now - beat_at >= HEARTBEAT_S:
            beat_at = now
            yield ": still here\n\n"
        await asyncio.sleep(POLL_S)


def _write_event(name: str, id: int, text: str) -> str:
    data = "\n".join(f"data: {line}" for line in text.splitlines() or [""])
    return f"event: {name}\nid: {id}\n{data}\n\n"
