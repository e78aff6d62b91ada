"""One run at a glance."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.review.acts.audit_log import list_entries
from app.review.contents.overview import collect_overview
from app.review.rendering import render
from app.review.runs import Shelf

router = APIRouter()


@router.get("/runs/{run}", response_class=HTMLResponse)
def show_run(request: Request, run: str, shelf: Shelf) -> HTMLResponse:
    with shelf.reading(run) as growing:
        waiting = [row for row in growing.list_rows() if row.waits]
        return render(
            request,
            "overview.html.j2",
            run=run,
            seq=growing.position.seq,
            waiting=waiting,
            audit=list_entries(growing.folder),
            **collect_overview(growing),
        )
