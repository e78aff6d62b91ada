"""The hypotheses by lane and round, each below what it takes up again or was merged into."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.review.contents.tree import PAGE_ROWS, grow_tree, walk_tree
from app.review.rendering import render
from app.review.runs import Shelf

router = APIRouter()


@router.get("/runs/{run}/tree", response_class=HTMLResponse)
def show_tree(request: Request, run: str, shelf: Shelf, page: int = 1) -> HTMLResponse:
    with shelf.reading(run) as growing:
        rows = growing.list_rows()
        pages = max(1, -(-len(rows) // PAGE_ROWS))
        page = min(max(page, 1), pages)
        shown = rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
        lanes = {lane: list(walk_tree(branches)) for lane, branches in grow_tree(growing, shown).items()}
        return render(request, "tree.html.j2", run=run, lanes=lanes, page=page, pages=pages, total=len(rows))
