"""What tests of the review page in Chromium share: one browser for the session; a visit for each test; and per module,
where it is asked for, a server with a finished run and one with a run that is driven meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.review.browser.live_run import LiveRun
from tests.app.review.browser.review_server import ReviewServer
from tests.app.review.browser.visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Begin = Callable[..., Visit]
TIMEOUT_MS = 15_000


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def begin_visit(chromium: Browser) -> Iterator[Begin]:
    """A function that begins a visit to a server. What no page may do fails the test at its end."""
    visits: list[Visit] = []

    def begin(server: ReviewServer, **options: Any) -> Visit:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(TIMEOUT_MS)
        visits.append(Visit.begin(context, server.url, server.origin))
        return visits[-1]

    yield begin
    for visit in visits:
        visit.page.context.close()
    for visit in visits:
        visit.check()


@pytest.fixture(scope="module")
def live_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveRun]:
    """A scripted run in gate mode that is driven in a process of its own."""
    run = LiveRun(tmp_path_factory.mktemp("live"))
    yield run
    run.end()


@pytest.fixture(scope="module")
def live_server(live_run: LiveRun) -> Iterator[ReviewServer]:
    """The review page of the project of `live_run`."""
    live_run.wait_for_request()
    yield from serve(live_run.project)


def serve(project: Path) -> Iterator[ReviewServer]:
    server = ReviewServer(project)
    yield server
    server.kill()
