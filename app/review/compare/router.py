"""`/compare?a=&b=`: two runs, or two hypotheses as RUN/ID, side by side."""

from __future__ import annotations

from contextlib import ExitStack

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.review.compare.hypotheses import compare_hypotheses, read_hypothesis_side
from app.review.compare.names import split_name
from app.review.compare.runs import compare_runs, read_side
from app.review.rendering import render
from app.review.runs import Shelf
from pelagos.errors import BadInput

router = APIRouter()


@router.get("/compare", response_class=HTMLResponse)
def show_comparison(request: Request, shelf: Shelf, a: str = "", b: str = "") -> HTMLResponse:
    names = shelf.names()
    if not a or not b:
        return render(request, "reading/compare_choice.html.j2", a=a, b=b, names=names)
    (run, id), (other, other_id) = split_name(a, names), split_name(b, names)
    if bool(id) != bool(other_id):
        raise BadInput(f"compare {a} with {b}: one is a run, the other a hypothesis: give two of a kind")
    with ExitStack() as stack:
        growing = {name: stack.enter_context(shelf.reading(name)) for name in sorted({run, other})}
        sides = [read_side(growing[name].folder, growing[name].record, name) for name in (run, other)]
        if not id:
            return render(request, "reading/compare_runs.html.j2", compared=compare_runs(*sides))
        one, two = (
            read_hypothesis_side(growing[side.name].folder, side, each)
            for side, each in zip(sides, (id, other_id), strict=True)
        )
        return render(request, "reading/compare_hypotheses.html.j2", compared=compare_hypotheses(one, two))
