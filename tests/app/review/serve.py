"""The pages in an application of their own, with the policy of the server and without its sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles

from app.review import rendering
from app.review.pages import router
from app.review.runs import RunShelf
from pelagos.errors import BadInput

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
STATIC = Path(rendering.__file__).parent / "static"


def make_pages(project: Path, runs: Sequence[Path] | None = None) -> FastAPI:
    app = FastAPI()
    app.state.shelf = RunShelf(project, runs)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.include_router(router)

    @app.middleware("http")
    async def secure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.csrf = "stub"
        response = await call_next(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    @app.exception_handler(BadInput)
    async def explain(request: Request, error: BadInput) -> PlainTextResponse:
        return PlainTextResponse(str(error), status_code=404)

    return app
