"""The page beside a run that is driven: decide by keyboard, watch it go on, lose the server, be too late."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect

from agents.review.decisions import record_decision
from memory.ledger.ledger import Ledger
from pelagos.facts.review import Decision
from tests.app.review.browser.live_run import LiveRun
from tests.app.review.browser.review_server import ReviewServer
from tests.app.review.conftest import Begin

pytestmark = pytest.mark.browser
LOG = "/runs/live/log"
TOO_LATE = re.compile("Nothing was recorded|reject was acted on already")
"""The first decision is in the ledger; whether the run has acted on it by then is up to the machine."""


def _accept(run: LiveRun, hypothesis: str) -> None:
    with closing(Ledger.open(run.folder / "ledger.db")) as ledger:
        record_decision(ledger, hypothesis, "accept")


def test_decide_by_keyboard_alone_and_the_run_acts_on_it(
    live_run: LiveRun, live_server: ReviewServer, begin_visit: Begin
) -> None:
    id = live_run.wait_for_request()
    visit = begin_visit(live_server)
    page, press = visit.page, visit.page.keyboard.press
    press("j")
    press("o")  # the only run
    page.wait_for_url("**/runs/live")
    visit.tab_to("Hypotheses")
    press("Enter")
    page.wait_for_url("**/runs/live/hypotheses")
    press("/")
    page.keyboard.type(id)
    page.wait_for_url(f"**/hypotheses?q={id}")  # the filter has taken effect
    press("Escape")
    press("j")
    pane = page.get_by_role("complementary", name="The selected hypothesis")
    expect(pane.get_by_role("heading", level=2)).to_be_visible()
    press("Escape")
    expect(pane).to_be_hidden()
    press("o")
    page.wait_for_url(f"**/hypotheses/{id}")
    press("a")
    expect(page.get_by_role("button", name="Accept")).to_be_focused()
    press("Enter")
    decision = live_run.wait_for("decision", id)
    assert decision["decision"] == "accept"
    with closing(Ledger.read(live_run.folder / "ledger.db")) as reader:
        keys = [key for key, fact in reader.facts(Decision).items() if fact.hypothesis == id]
    assert live_run.wait_for("reviewed", id)["by"] in keys
    assert live_run.wait_for("build", id)["version"]
    assert live_run.wait_for_request() != id  # the next round has begun


def test_log_and_progress_move_without_a_reload(
    live_run: LiveRun, live_server: ReviewServer, begin_visit: Begin
) -> None:
    id = live_run.wait_for_request()
    log, overview = begin_visit(live_server), begin_visit(live_server)
    log.open(LOG)
    overview.open("/runs/live")
    lines = log.page.get_by_role("log").get_by_role("listitem")
    before, tiles = lines.count(), overview.page.locator("[data-live=progress]")
    shown = tiles.inner_text()
    for visit in (log, overview):
        visit.mark()
    _accept(live_run, id)
    live_run.wait_for("verdict", id)
    expect(lines.nth(before)).to_be_visible()
    expect(tiles).not_to_have_text(shown, use_inner_text=True)
    assert log.is_marked()
    assert overview.is_marked()


def test_a_server_that_is_killed_and_comes_back_loses_nothing(
    live_run: LiveRun, live_server: ReviewServer, begin_visit: Begin
) -> None:
    id = live_run.wait_for_request()
    visit = begin_visit(live_server)
    visit.open(LOG)
    visit.mark()
    log = visit.page.get_by_role("log")
    live_server.kill()
    _accept(live_run, id)
    live_run.wait_for("verdict", id)  # meanwhile nobody serves
    live_server.start()
    expect(log).to_contain_text(f"{id} accepted by a reviewer", timeout=20_000)
    assert visit.is_marked()
    texts = log.get_by_role("listitem").all_inner_texts()
    assert sum(f"{id} accepted by a reviewer" in text for text in texts) == 1
    visit.open(f"/runs/live/hypotheses/{id}")  # the session outlasts the server


def test_of_two_reviewers_the_second_is_told(live_run: LiveRun, live_server: ReviewServer, begin_visit: Begin) -> None:
    id = live_run.wait_for_request()
    first, second = begin_visit(live_server), begin_visit(live_server)
    for visit in (first, second):
        visit.open(f"/runs/live/hypotheses/{id}")
    first.page.get_by_role("button", name="Reject").click()
    live_run.wait_for("decision", id)
    second.page.get_by_role("button", name="Accept").click()
    expect(second.page.get_by_role("alert")).to_contain_text(TOO_LATE)
    assert live_run.wait_for("decision", id)["decision"] == "reject"
