"""The table of hypotheses: sorted, filtered and paged here, so that it works without scripts and with thousands."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.review.contents.table import TableQuery, make_page
from app.review.rendering import render
from app.review.runs import Shelf

router = APIRouter()


@router.get("/runs/{run}/hypotheses", response_class=HTMLResponse)
def show_hypotheses(
    request: Request, run: str, shelf: Shelf, sort: str = "best", verdict: str = "", q: str = "", page: int = 1
) -> HTMLResponse:
    query = TableQuery(sort, verdict, q[:400], page)
    with shelf.reading(run) as growing:
        metric = growing.record.metric
        table = make_page(growing.list_rows(), query, metric.min_effect if metric else 0.0)
        return render(
            request,
            "hypotheses.html.j2",
            run=run,
            seq=growing.position.seq,
            table=table,
            sorting=query,
            metric=metric,
            page=min(max(page, 1), table.pages),
        )
