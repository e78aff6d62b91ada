"""One hypothesis: the whole page, the peek pane beside the table, and a model call."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.report.build import make_text_reader
from app.review.contents.sheet import collect_brief, collect_sheet, read_call
from app.review.rendering import render
from app.review.runs import Shelf
from memory.ledger.keys import parse_payload
from pelagos.errors import BadInput

router = APIRouter()
MOST_PROMPT_CHARS = 200_000


@router.get("/runs/{run}/hypotheses/{id}", response_class=HTMLResponse)
def show_hypothesis(request: Request, run: str, id: str, shelf: Shelf) -> HTMLResponse:
    with shelf.reading(run) as growing:
        return render(request, "hypothesis.html.j2", run=run, **collect_sheet(growing, id))


@router.get("/runs/{run}/hypotheses/{id}/peek", response_class=HTMLResponse)
def peek_at_hypothesis(request: Request, run: str, id: str, shelf: Shelf) -> HTMLResponse:
    with shelf.reading(run) as growing:
        return render(request, "_peek.html.j2", run=run, **collect_brief(growing, id))


@router.get("/runs/{run}/calls/{seq}", response_class=HTMLResponse)
def show_call(request: Request, run: str, seq: int, shelf: Shelf) -> HTMLResponse:
    growing = shelf.find(run)
    shown = read_call(growing, seq)
    prompt = make_text_reader(growing.folder)(shown.call.messages) if shown.call.messages else ""
    return render(request, "call.html.j2", run=run, shown=shown, messages=split_messages(prompt))


def split_messages(prompt: str) -> list[tuple[str, str]]:
    """Return role and content of each message of a recorded request; what is no list of messages is one of it."""
    try:
        messages = parse_payload(prompt)
    except (ValueError, BadInput):
        messages = None
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        return [("recorded", prompt[:MOST_PROMPT_CHARS])] if prompt else []
    return [(str(each.get("role", "")), str(each.get("content", ""))[:MOST_PROMPT_CHARS]) for each in messages]
