"""A browser without a window: a client of the page that has a session and fills forms in as they were served."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from app.review.serving.access import Access
from app.review.serving.server import make_app

PORT = 8321
ORIGIN = f"http://127.0.0.1:{PORT}"


def make_page(
    project: Path, host: str = "127.0.0.1", password: str = "", runs: Sequence[Path] | None = None
) -> FastAPI:
    return make_app(project, runs, Access.open(host, PORT, project, password))


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
