"""Stands before every request of the review page: host, session, origin, and headers that keep hostile text harmless.

It is ASGI middleware and no part of a route, so no route can be without it. Forms are checked for their CSRF value in
`read_form`, which the server makes a dependency of all routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from fastapi import Request
from fastapi.exceptions import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.review.serving.access import SESSION_S, Access

SAFE_METHODS = frozenset({"GET", "HEAD"})
PUBLIC = "/static/"
LOGIN = "/login"
REVIEWER = "pelagos_reviewer"
"""The cookie with the name that a person gave last, where several people use the page."""
FAILED_LOGIN_S = 1.0
MAX_BODY = 256 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
"""Set where a route sets no header of that name itself."""
NO_SESSION = "Open the address that <code>pelagos review</code> printed: it lets this browser in."
FROM_LINK = '</p><p>If it is in already and you came here by a link: <a href="{}">go on</a>.'
"""A strict cookie isn't sent along with a link of another site; with one of this page it is."""
LOGIN_FORM = (
    '<form method="post" action="/login"><p><label>Password <input type="password" name="password" required autofocus '
    'autocomplete="current-password"></label></p><p><button>Log in</button></p></form>'
)


class Guard:
    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access
        self._logins = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = await self._answer(request)
        await (answer or self.app)(scope, receive, _with_headers(send))

    async def _answer(self, request: Request) -> Response | None:
        """Return the answer to a request that no route is to see, None for one that passes."""
        access, cookie = self.access, request.cookies.get(self.access.cookie, "")
        if not access.allows_host(request.headers.get("host", "")):
            return _refuse(HTTPStatus.MISDIRECTED_REQUEST, "This server does not answer to that name.")
        if request.method not in SAFE_METHODS and not _is_own_origin(request):
            return _refuse(HTTPStatus.FORBIDDEN, "This form was sent by another site.")
        if int(request.headers.get("content-length") or 0) > MAX_BODY or "transfer-encoding" in request.headers:
            return _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This form is too large.")
        if request.url.path == LOGIN and access.password:
            return await self._log_in(request)
        if access.is_token(request.query_params.get("token", "")):
            return self._admit(request.url.remove_query_params("token"))
        if cookie and access.knows_session(cookie):
            request.state.csrf, request.state.shared = access.csrf(cookie), bool(access.password)
            request.state.reviewer = unquote(request.cookies.get(REVIEWER, ""))
            return None
        if request.url.path.startswith(PUBLIC):
            return None
        if access.password and request.method in SAFE_METHODS:
            return RedirectResponse(LOGIN, HTTPStatus.SEE_OTHER)
        hint = FROM_LINK.format(escape(request.url.path)) if request.method in SAFE_METHODS else ""
        return _refuse(HTTPStatus.UNAUTHORIZED, f"{NO_SESSION}{hint}")

    async def _log_in(self, request: Request) -> Response:
        """Show the form, or try the password. Wrong ones take a second each, one after the other."""
        if request.method in SAFE_METHODS:
            return _page(HTTPStatus.OK, LOGIN_FORM)
        async with self._logins:
            form = await request.form()
            if self.access.is_password(str(form.get("password", ""))):
                return self._admit("/")
            await asyncio.sleep(FAILED_LOGIN_S)
        return _page(HTTPStatus.FORBIDDEN, f"<p>That is not the password.</p>{LOGIN_FORM}")

    def _admit(self, url: Any) -> Response:
        answer = RedirectResponse(url, HTTPStatus.SEE_OTHER)
        session = self.access.begin_session()
        answer.set_cookie(self.access.cookie, session, SESSION_S, path="/", httponly=True, samesite="strict")
        return answer


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the texts of a form. Raises HTTPException (403) for a form without the session's CSRF value, which htmx
    may send as a header instead."""
    if request.method in SAFE_METHODS:
        return {}
    fields = {name: text for name, text in (await request.form()).items() if isinstance(text, str)}
    access: Access = request.app.state.access
    given = fields.get("csrf") or request.headers.get("x-csrf-token", "")
    if not access.is_csrf(given, request.cookies.get(access.cookie, "")):
        raise HTTPException(HTTPStatus.FORBIDDEN, "this form is not of this session: load the page again")
    return fields


def _is_own_origin(request: Request) -> bool:
    """Whether a form comes from a page of this server. Programs send neither header; a page without referrers sends the
    origin null, and only the browser's own word counts."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is None or (origin == "null" and site):
        return site in (None, "same-origin", "none")
    return urlsplit(origin).netloc == request.headers.get("host")


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


def _refuse(status: HTTPStatus, text: str) -> Response:
    return _page(status, f"<p>{text}</p>")


def _page(status: HTTPStatus, body: str) -> Response:
    """A page of our own words only, for who has no session."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Pelagos</title>'
    style = '<link rel="stylesheet" href="/static/review.css">'
    main = f"<main><h1>Pelagos</h1>{body}</main>"
    return HTMLResponse(f'<!doctype html><html lang="en"><head>{head}{style}</head><body>{main}</body></html>', status)
