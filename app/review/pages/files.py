"""Artifacts of a run: pictures, and logs and other texts. Nothing of them is ever run by a browser."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from app.report import build
from app.review.contents.figures import find_media_type
from app.review.rendering import render
from app.review.runs import Shelf
from memory.artifacts import ArtifactStore
from pelagos.errors import BadInput, DamagedRun

router = APIRouter()
ARTIFACT_HEADERS = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
"""An SVG picture opened by itself runs no script, loads nothing and has no origin."""
LOG_CHARS = 200_000
REPORT_CSS = Path(build.__file__).with_name("report.css")


@router.get("/runs/{run}/artifacts/{digest}")
def send_artifact(run: str, digest: str, shelf: Shelf) -> Response:
    data = _read_artifact(shelf, run, digest)
    return Response(data, media_type=find_media_type(data), headers=ARTIFACT_HEADERS)


@router.get("/runs/{run}/logs/{digest}", response_class=HTMLResponse)
def show_log_file(request: Request, run: str, digest: str, shelf: Shelf) -> HTMLResponse:
    """Show the end of a text artifact as a page."""
    text = _read_artifact(shelf, run, digest).decode("utf-8", "replace")
    return render(
        request,
        "printed.html.j2",
        run=run,
        digest=digest,
        text=text[-LOG_CHARS:],
        left_out=max(len(text) - LOG_CHARS, 0),
    )


@router.get("/look.css", include_in_schema=False)
def send_report_style() -> FileResponse:
    """Send the style of the report, which the page's own style adds to."""
    return FileResponse(REPORT_CSS, media_type="text/css")


def _read_artifact(shelf: Shelf, run: str, digest: str) -> bytes:
    """Raises BadInput where the run has no such artifact."""
    folder = shelf.folder(run) / "artifacts"
    if not folder.is_dir():
        raise BadInput(f"artifact {digest[:80]}: the run {run} keeps no artifacts")
    try:
        return ArtifactStore(folder).get(digest)
    except DamagedRun as error:
        raise BadInput(str(error)) from None
