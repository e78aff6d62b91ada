"""The static report of a run, made anew for each request and written nowhere, and the files that belong to it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from app.report.build import collect_contents, read_section, render_page
from app.review.runs import Shelf
from pelagos.errors import BadInput
from pelagos.visible import replace_surrogates

router = APIRouter()
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The report holds its style and pictures itself."""


@router.get("/runs/{run}/report", response_class=HTMLResponse)
def show_report(run: str, shelf: Shelf) -> HTMLResponse:
    page = replace_surrogates(render_page(collect_contents(shelf.folder(run))))
    return HTMLResponse(page, headers={"Content-Security-Policy": REPORT_POLICY})


@router.get("/runs/{run}/{stem}.{suffix}")
def send_attachment(run: str, stem: str, suffix: str, shelf: Shelf) -> Response:
    """Send a file that the toolchain adds to the report, to be saved. Its address is the one that the report links to.
    Raises BadInput where there is none."""
    name = f"{stem}.{suffix}"
    section = read_section(shelf.folder(run))
    file = next((file for file in section.files if file.name == name), None) if section else None
    if file is None:
        raise BadInput(f"{name}: the report of {run} has no such file")
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(replace_surrogates(file.content).encode(), media_type="text/plain; charset=utf-8", headers=headers)
