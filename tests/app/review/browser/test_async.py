"""The page beside a run that never waits: a decision in the page is taken up, and the open pages tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import expect

from memory.files.live_logs import write_live_log
from memory.ledger.ledger import Ledger
from pelagos.facts.review import Wanted
from tests.app.review.browser.live_run import LiveRun
from tests.app.review.browser.review_server import ReviewServer
from tests.app.review.conftest import Begin, serve

pytestmark = pytest.mark.browser
REJECTED, LATER, NEWS = "h1", "h2", "[data-live=news]"


@pytest.fixture(scope="module")
def async_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveRun]:
    run = LiveRun(tmp_path_factory.mktemp("async"), "async")
    yield run
    run.end()


@pytest.fixture(scope="module")
def async_server(async_run: LiveRun) -> Iterator[ReviewServer]:
    async_run.wait_for("screened", REJECTED)
    yield from serve(async_run.project)


def test_a_rejection_is_taken_up_while_it_runs_and_the_open_pages_follow(
    async_run: LiveRun, async_server: ReviewServer, begin_visit: Begin
) -> None:
    reviewer, reader, table = (begin_visit(async_server) for _ in range(3))
    for visit, path in ((reviewer, f"/{REJECTED}"), (reader, f"/{REJECTED}"), (table, "")):
        visit.open(f"/runs/live/hypotheses{path}")
        visit.mark()
    expect(reader.page.locator(NEWS)).to_be_hidden()
    about = {"version": "v1", "hypothesis": REJECTED, "seed": 7, "split": "validation"}
    with write_live_log(async_run.folder, "key", about, print) as tell:
        tell("epoch 1 <b>loss</b> 0.5")
        expect(reader.page.locator("[data-live=running]")).to_contain_text("epoch 1 <b>loss</b> 0.5")
    reviewer.page.get_by_role("button", name="Reject").click()
    decision = async_run.wait_for("decision", REJECTED)
    assert decision["decision"] == "reject"
    async_run.let_plan()
    assert async_run.wait_for("reviewed", REJECTED)["decision"] == "reject"
    expect(reader.page.locator(NEWS)).to_be_visible()
    async_run.wait_for("verdict", LATER)
    with closing(Ledger.read(async_run.folder / "ledger.db")) as reader_of_ledger:
        assert reader_of_ledger.facts(Wanted) == {}  # it never waited
        assert REJECTED not in [build.payload["hypothesis"] for build in reader_of_ledger.events("build")]
    expect(table.page.locator(NEWS)).to_be_visible()
    assert reader.is_marked()  # nothing was loaded anew under the reader
    assert table.is_marked()
    table.page.locator(NEWS).get_by_role("link").click()
    expect(table.page.locator(f'[data-row][data-id="{LATER}"]')).to_be_visible()
    reader.open("/runs/live")
    expect(reader.page.get_by_role("region", name="What people decided")).to_contain_text(REJECTED)
