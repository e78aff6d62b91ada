"""Renders the page's templates. Everything is escaped: titles, logs, papers and replies are hostile text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.formatting import format_line
from app.report import filters
from app.review.dates import format_age, format_stamp
from app.review.runs import find_shelf
from pelagos.visible import replace_surrogates

TEMPLATES = Path(__file__).parent / "templates"
FOLDERS = (TEMPLATES, TEMPLATES / "pages", TEMPLATES / "parts", Path(filters.__file__).parent)
"""A template is named without its folder, of which the last is the report's."""
NAME_LENGTH = 120


def render(request: Request, template: str, /, status: int = 200, **contents: Any) -> HTMLResponse:
    """Return the page of a template. It also sees what `render_text` adds, such as `csrf`, the forms' hidden value."""
    page = render_text(request, template, **contents)
    return HTMLResponse(page, status_code=status)


def render_text(request: Request, template: str, /, **contents: Any) -> str:
    shelf = find_shelf(request)
    shown = {
        "request": request,
        "run": "",
        "csrf": getattr(request.state, "csrf", ""),
        "shelf": shelf,
        "project": format_line(shelf.project.resolve().name, NAME_LENGTH),
        "path": request.url.path,
    }
    return replace_surrogates(make_environment().get_template(template).render({**shown, **contents}))


@cache
def make_environment() -> Environment:
    """Return the environment of the templates."""
    environment = Environment(
        loader=FileSystemLoader(FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters.add_filters(environment)
    environment.filters |= {"stamp": format_stamp, "age": format_age}
    return environment
