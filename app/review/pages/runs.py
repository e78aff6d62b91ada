"""All runs of the project, what needs a person first."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.report.digest.needs import RANKS
from app.review.contents import overview
from app.review.growing.growing_record import GrowingRecord
from app.review.rendering import render
from app.review.runs import Shelf
from pelagos.errors import BadInput, DamagedRun

router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def show_runs(request: Request, shelf: Shelf) -> HTMLResponse:
    runs = [_summarize(name, growing) for name, growing in shelf.list_runs()]
    runs.sort(key=lambda run: -run.last_at)
    needs = sorted(((run, need) for run in runs for need in run.needs), key=lambda pair: RANKS.index(pair[1].kind))
    return render(request, "runs.html.j2", runs=runs, needs=needs)


def _summarize(name: str, growing: GrowingRecord) -> overview.RunSummary:
    """Summarize a run. One that can't be read must not hide the others."""
    try:
        with growing.reading():
            return overview.summarize_run(name, growing)
    except (BadInput, DamagedRun) as error:
        return overview.describe_unreadable(name, error)
