"""Puts the review page together: routers, safety, and how errors of ours are shown. It is served by uvicorn."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from app.review import pages
from app.review.acts import actions
from app.review.compare import router as compare
from app.review.rendering import render
from app.review.runs import RunShelf
from app.review.search import router as search
from app.review.serving.access import Access
from app.review.serving.guard import Guard, read_form
from pelagos.errors import BadInput, PelagosError, Stale
from pelagos.visible import make_visible

STATIC = Path(__file__).parents[1] / "static"
LAST_PORT = 65535
ENDING_S = 3
"""Seconds that requests in progress have when the server ends; streams end within a second."""


def make_app(project: Path, runs: Sequence[Path] | None, access: Access) -> FastAPI:
    """Return the page of these runs, or of all runs of the project."""
    app = FastAPI(title="Pelagos", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(read_form)])
    app.state.access, app.state.shelf = access, RunShelf(project, runs)
    for router in (pages.router, actions.router, search.router, compare.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(PelagosError, _show_error)
    app.add_exception_handler(HTTPException, _show_error)
    app.add_exception_handler(RequestValidationError, _show_error)
    app.add_middleware(Guard, access=access)
    return app


def _show_error(request: Request, error: Exception) -> Response:
    status = _choose_status(request, error)
    text = str(error.detail) if isinstance(error, HTTPException) else make_visible(str(error))
    if isinstance(error, RequestValidationError):
        text = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
    template = "_message.html.j2" if "hx-request" in request.headers else "message.html.j2"
    lines = text.splitlines() or ["failed"]
    return render(request, template, status, lines=lines, stale=isinstance(error, Stale), good=False)


def _choose_status(request: Request, error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, Stale):
        return HTTPStatus.CONFLICT
    if isinstance(error, BadInput):
        return HTTPStatus.NOT_FOUND if request.method == "GET" else HTTPStatus.BAD_REQUEST
    return HTTPStatus.BAD_REQUEST if isinstance(error, RequestValidationError) else HTTPStatus.SERVICE_UNAVAILABLE


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises BadInput where that can't be."""
    if not 0 <= port <= LAST_PORT:
        raise BadInput(f"review: --port {port}: give 0 to {LAST_PORT}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((str(address[0]), int(address[1])), family=family)
    except socket.gaierror as error:
        raise BadInput(f"review: --host {host}: {error.strerror}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadInput(f"review: port {port} of {host} is in use: give another one by --port, 0 for any") from None
        raise BadInput(f"review: can't listen at port {port} of {host}: {error.strerror}") from None


class Server(uvicorn.Server):
    """Ends streams before it waits for requests in progress."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.app
        app.state.shelf.close()
        await super().shutdown(sockets)


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM. All runs are read meanwhile, so that the first view of each is quick."""
    threading.Thread(target=app.state.shelf.warm, daemon=True).start()
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=ENDING_S,
        server_header=False, proxy_headers=False,
    )  # fmt: skip
    Server(config).run([listening])
