"""The page's own templates in a page of three lines, and a shelf of one folder: for tests of what forms do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.testclient import TestClient

from app.record import folders
from app.review.acts import actions
from app.review.acts.audit_log import list_entries
from app.review.serving.access import Access
from app.review.serving.server import assemble_app
from pelagos.errors import BadInput

PORT = 8321
ORIGIN = f"http://127.0.0.1:{PORT}"
BASE = "<!doctype html><title>{% block title %}{% endblock %}</title>{% block main %}{% endblock %}"
OVERVIEW = """{% extends "base.html.j2" %}{% block main %}{% include "_run_actions.html.j2" %}
{% include "_propose.html.j2" %}{% include "_audit_log.html.j2" %}{% endblock %}"""
HYPOTHESIS = '{% extends "base.html.j2" %}{% block main %}{% include "_decide.html.j2" %}{% endblock %}'
TEMPLATES = Environment(
    loader=ChoiceLoader(
        [
            DictLoader({"base.html.j2": BASE, "overview": OVERVIEW, "hypothesis": HYPOTHESIS}),
            FileSystemLoader(Path(actions.__file__).parents[1] / "templates"),
        ]
    ),
    autoescape=True,
    undefined=StrictUndefined,
)
pages = APIRouter()


class Shelf:
    def __init__(self, project: Path) -> None:
        self.project = project

    def folder(self, name: str) -> Path:
        folder = self.project / "runs" / name
        if not folder.is_dir():
            raise BadInput(f"run '{name}': no run of that name here")
        return folder


def render(request: Request, template: str, **contents: Any) -> Response:
    made = TEMPLATES.get_template(template).render(request=request, csrf=request.state.csrf, **contents)
    return HTMLResponse(made)


@pages.get("/")
def show_front(request: Request) -> Response:
    return HTMLResponse(f"<main>{request.state.csrf}</main>")


@pages.get("/runs/{run}")
def show_overview(run: str, request: Request) -> Response:
    folder = request.app.state.shelf.folder(run)
    return render(request, "overview", run=run, record=folders.read_record(folder), audit=list_entries(folder))


@pages.get("/runs/{run}/hypotheses/{id}")
def show_hypothesis(run: str, id: str, request: Request) -> Response:
    record = folders.read_record(request.app.state.shelf.folder(run))
    return render(request, "hypothesis", run=run, record=record, hypothesis=record.hypotheses[id])


def make_page(project: Path, host: str = "127.0.0.1", password: str = "") -> FastAPI:
    access = Access.open(host, PORT, project, password)
    return assemble_app(project, access, Shelf(project), render, [actions.router, pages])


class Browser:
    """A client that has a session, and fills forms in as they were served."""

    def __init__(self, app: FastAPI) -> None:
        self.client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=True, follow_redirects=False)
        self.client.get("/", params={"token": app.state.access.token})
        self.csrf = app.state.access.csrf(self.client.cookies[app.state.access.cookie])

    def get(self, url: str) -> Any:
        return self.client.get(url)

    def post(self, url: str, **fields: str) -> Any:
        return self.client.post(url, data={"csrf": self.csrf, **fields}, headers={"Origin": ORIGIN})

    def hidden(self, url: str) -> dict[str, str]:
        """The hidden fields of the page's forms without the session's; of several of a name the first."""
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.get(url).text)
        return {name: text for name, text in reversed(found) if name != "csrf"}
