"""What people do on the page: each form is one fact in a run's ledger, or the start of a run.

Afterwards the browser is sent back to where the form stands (303); htmx gets the sentence alone. Errors of ours become
a message on a page (`server.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, cast, get_args
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from app.review.acts import operations
from app.review.rendering import render
from app.review.runs import Shelf
from app.review.serving.access import SESSION_S
from app.review.serving.guard import REVIEWER, read_form
from pelagos.errors import BadInput
from pelagos.facts.review import Word

router = APIRouter()
Form = Annotated[Mapping[str, str], Depends(read_form)]
FIDELITY = {"implements": True, "differs": False}
CONTROLS = {"pause": operations.pause, "stop": operations.stop}


@router.post("/runs/{run}/hypotheses/{id}/decide")
def decide(run: str, id: str, request: Request, shelf: Shelf, form: Form) -> Response:
    folder, word = shelf.folder(run), form.get("decision", "")
    if word in FIDELITY:
        said = operations.decide_fidelity(folder, id, FIDELITY[word], form.get("version", ""))
    elif word in get_args(Word):
        seen, after = _require(form, "seen"), form.get("after", "")
        said = operations.decide(
            folder, id, cast(Word, word), form.get("note", ""), seen, after, _find_name(request, form)
        )
    else:
        raise BadInput(f"{id}: say accept, reject or revise")
    return _answer(request, form, said, f"/runs/{quote(run)}/hypotheses/{quote(id)}")


@router.post("/runs/{run}/evidence")
def ask_more(run: str, request: Request, shelf: Shelf, form: Form) -> Response:
    id = _require(form, "hypothesis")
    said = operations.ask_more(shelf.folder(run), id, _require(form, "seen"), _find_name(request, form))
    return _answer(request, form, said, f"/runs/{quote(run)}/hypotheses/{quote(id)}")


@router.post("/runs/{run}/propose")
def propose(run: str, request: Request, shelf: Shelf, form: Form) -> Response:
    title, statement, target = (form.get(name, "") for name in ("title", "statement", "target"))
    said = operations.propose(shelf.folder(run), title, statement, target, _find_name(request, form))
    return _answer(request, form, said, f"/runs/{quote(run)}")


@router.post("/runs/{run}/steer")
def steer(run: str, request: Request, shelf: Shelf, form: Form) -> Response:
    said = operations.steer(shelf.folder(run), form.get("text", ""), _find_name(request, form))
    return _answer(request, form, said, f"/runs/{quote(run)}")


@router.post("/runs/{run}/resume")
def go_on(run: str, request: Request, shelf: Shelf, form: Form) -> Response:
    said = operations.go_on(shelf.folder(run), shelf.project, _find_name(request, form))
    return _answer(request, form, said, f"/runs/{quote(run)}")


@router.post("/runs/{run}/{word}")
def control(run: str, word: str, request: Request, shelf: Shelf, form: Form) -> Response:
    if word not in CONTROLS:
        raise BadInput(f"{word}: no such action")
    said = CONTROLS[word](shelf.folder(run), _find_name(request, form))
    return _answer(request, form, said, f"/runs/{quote(run)}")


@router.get("/start")
def show_start(request: Request) -> Response:
    from tools.registry import shipped_tasks

    return render(request, "start.html.j2", tasks=sorted(shipped_tasks()))


@router.post("/runs")
def start(request: Request, shelf: Shelf, form: Form) -> Response:
    from app.review.acts.starting import start_run

    if not shelf.is_whole:
        raise BadInput("start: this page shows some runs only: serve the whole project, or start it by `pelagos run`")
    folder = start_run(shelf.project, form)
    return _answer(request, form, f"{folder.name} is started", f"/runs/{quote(folder.name)}", stays=False)


def _require(form: Mapping[str, str], name: str) -> str:
    """Return a field that says what was seen or meant: without it nothing is recorded."""
    if not form.get(name):
        raise BadInput(f"the form lacks '{name}': load the page again")
    return form[name]


def _find_name(request: Request, form: Mapping[str, str]) -> str:
    """Return the name that the form gives, else that of who started the page, if nobody else uses it."""
    return form.get("by", "").strip() or ("" if request.state.shared else operations.default_name())


def _answer(request: Request, form: Mapping[str, str], said: str, page: str, stays: bool = True) -> Response:
    """Return the sentence to htmx; send others to the page that the form stands on, else to `page`."""
    if "hx-request" in request.headers:
        return render(request, "_message.html.j2", lines=[said], stale=False, good=True)
    came_from = urlsplit(request.headers.get("referer", ""))
    is_ours = stays and came_from.netloc == request.headers.get("host") and came_from.path.startswith("/runs")
    back = came_from._replace(scheme="", netloc="", fragment="").geturl() if is_ours else page
    answer = RedirectResponse(back, HTTPStatus.SEE_OTHER)
    if name := form.get("by", "").strip():
        answer.set_cookie(REVIEWER, quote(name), SESSION_S, httponly=True, samesite="strict")
    return answer
