"""The log of a run, and the stream that keeps open pages up to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from app.review.contents.overview import collect_progress
from app.review.growing.growing_record import GrowingRecord
from app.review.growing.log_lines import read_log
from app.review.rendering import render, render_text
from app.review.runs import Shelf

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
async def stream_events(request: Request, run: str, shelf: Shelf, after: int | None = None) -> StreamingResponse:
    """Send `progress` (the changing part of the overview) and `log` (new lines), both as HTML. An event's id is the
    number of the newest row that it shows; with `Last-Event-ID` or `after` the stream goes on behind that row."""
    growing = await asyncio.to_thread(shelf.find, run)
    given = request.headers.get("last-event-id", "")
    seen = int(given) if given.isdecimal() else after
    return StreamingResponse(
        _stream(request, shelf, growing, run, seen), media_type="text/event-stream", headers=STREAM_HEADERS
    )


async def _stream(
    request: Request, shelf: Shelf, growing: GrowingRecord, run: str, seen: int | None
) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    told_at = beat_at = 0.0
    while not shelf.closing.is_set() and not await request.is_disconnected():
        now = time.monotonic()
        events, seen = await asyncio.to_thread(_collect, request, growing, run, seen, now - told_at >= TICK_S)
        if events:
            told_at = beat_at = now
            yield events
        elif now - beat_at >= HEARTBEAT_S:
            beat_at = now
            yield ": still here\n\n"
        await asyncio.sleep(POLL_S)


def _collect(request: Request, growing: GrowingRecord, run: str, seen: int | None, is_due: bool) -> tuple[str, int]:
    """Return the events to send and the number of the newest row. Progress is sent where rows are new and, of a run in
    progress, where it `is_due`: its times go on."""
    with growing.reading():
        newest = growing.position.seq
        before = newest if seen is None or seen > newest else seen
        is_new = newest > before
        if not is_new and not (is_due and growing.find_state()[1] is not None):
            return "", newest
        events = _write_event(
            "progress", newest, render_text(request, "_progress.html.j2", run=run, **collect_progress(growing))
        )
        lines = read_log(growing, after=before) if is_new else []
        if lines:
            events += _write_event("log", newest, render_text(request, "_log_lines.html.j2", run=run, lines=lines))
        return events, newest


def _write_event(name: str, id: int, text: str) -> str:
    data = "\n".join(f"data: {line}" for line in text.splitlines())
    return f"event: {name}\nid: {id}\n{data}\n\n"
