"""`/search?q=&run=&kind=`: hits in all runs or in one, best first, with the words that were found marked."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.review.rendering import render
from app.review.runs import Shelf
from memory.search.query import make_expression
from memory.search.search import WEIGHTS, Hit, search_runs

router = APIRouter()
INDEXING_S = 1.5
"""For how long a view reads what runs have written since; the page says where that did not do."""


@dataclass(frozen=True)
class ShownHit:
    """A hit with the name of its run on the page, and where it leads."""

    run: str
    address: str
    hit: Hit


@router.get("/search", response_class=HTMLResponse)
def show_search(request: Request, shelf: Shelf, q: str = "", run: str = "", kind: str = "") -> HTMLResponse:
    names = {shelf.folder(run): run} if run else {folder: name for name, folder in shelf.folders().items()}
    kinds = [kind] if kind in WEIGHTS else []
    results = search_runs(names, q, kinds, within_s=INDEXING_S)
    return render(
        request,
        "reading/search.html.j2",
        run=run,
        q=q,
        kind=kinds[0] if kinds else "",
        asked=bool(make_expression(q)),
        runs=len(names),
        results=results,
        hits=[_show(names[hit.run], hit) for hit in results.hits],
        chips=[(name, _make_address(q, run, name)) for name in ("", *WEIGHTS)],
        again=_make_address(q, run, kind),
        everywhere=_make_address(q, "", kind),
    )


def _show(run: str, hit: Hit) -> ShownHit:
    here = f"/runs/{quote(run, safe='')}"
    if hit.kind == "prompt" or (hit.kind == "reply" and hit.hypothesis):
        return ShownHit(run, f"{here}/calls/{hit.seq}", hit)
    return ShownHit(run, f"{here}/hypotheses/{quote(hit.hypothesis, safe='')}" if hit.hypothesis else here, hit)


def _make_address(q: str, run: str, kind: str) -> str:
    given = {"q": q, "run": run, "kind": kind}
    return "/search?" + urlencode({name: value for name, value in given.items() if value})
