"""Reading two finished runs: the table and its pane, search, comparison, accessibility, nothing of another host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.app.review.browser.finished_runs import make_finished_runs
from tests.app.review.browser.review_server import ReviewServer
from tests.app.review.conftest import Begin, serve

pytestmark = pytest.mark.browser
VIEWS = {
    "runs": "/",
    "overview": "/runs/alpha",
    "table": "/runs/alpha/hypotheses",
    "tree": "/runs/alpha/tree",
    "hypothesis": "/runs/alpha/hypotheses/h1",
    "log": "/runs/alpha/log",
    "report": "/runs/alpha/report",
    "search": "/search?q=square",
    "two hypotheses": "/compare?a=alpha/h1&b=beta/h2",
    "two runs": "/compare?a=alpha&b=beta",
    "choice of what to compare": "/compare",
    "start of a run": "/start",
}
DARK_RULES = ["color-contrast", "link-in-text-block"]
RULES: dict[Any, dict[str, Any]] = {"light": {}, "dark": {"runOnly": {"type": "rule", "values": DARK_RULES}}}
"""In the dark the colours alone differ."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewServer]:
    yield from serve(make_finished_runs(tmp_path_factory.mktemp("finished")))


def test_the_pane_follows_j_and_k_and_closes(server: ReviewServer, begin_visit: Begin) -> None:
    visit = begin_visit(server)
    visit.open(VIEWS["table"])
    page, press = visit.page, visit.page.keyboard.press
    titles = [title.strip() for title in page.get_by_role("rowheader").all_inner_texts()]
    pane = page.get_by_role("complementary", name="The selected hypothesis")
    shown = pane.get_by_role("heading", level=2)
    for key, index in (("j", 0), ("j", 1), ("k", 0)):
        press(key)
        expect(shown).to_have_text(titles[index])
    press("Escape")
    expect(pane).to_be_hidden()
    press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    press("Escape")
    press("j")
    press("o")
    page.wait_for_url("**/hypotheses/h*")
    assert titles[1] in page.get_by_role("heading", level=1).inner_text()


def test_the_table_can_be_read_without_scripts(server: ReviewServer, begin_visit: Begin) -> None:
    visit = begin_visit(server, java_script_enabled=False)
    visit.open(VIEWS["table"])
    visit.page.get_by_role("link", name="Square of column a").first.click()
    expect(visit.page.get_by_role("heading", level=1)).to_contain_text("Square of column a")


def test_search_leads_to_the_hypothesis(server: ReviewServer, begin_visit: Begin) -> None:
    page = begin_visit(server).page
    page.keyboard.press("/")
    page.keyboard.type("square col")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=square+col")
    results = page.get_by_role("region", name="Hits")
    expect(results.get_by_role("status")).to_contain_text(re.compile(r"^\d+ hits in 2 runs"))
    assert {text.lower() for text in results.locator("mark").all_inner_texts()} >= {"square", "column"}
    results.get_by_role("link", name="h1 Square of column a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Square of column a")


def test_search_of_what_breaks_queries_finds_nothing_and_says_so(server: ReviewServer, begin_visit: Begin) -> None:
    visit = begin_visit(server)
    for query in ("%22%22%22", "a%20AND%20NOT", "%00", "zebra", "x*%20NEAR("):
        visit.open(f"/search?q={query}")


def test_two_hypotheses_are_compared_with_their_traces(server: ReviewServer, begin_visit: Begin) -> None:
    visit = begin_visit(server)
    visit.open(VIEWS["two hypotheses"])
    page = visit.page
    numbers = page.get_by_role("table", name="Numbers")
    expect(numbers.get_by_role("row", name=re.compile("^verdict"))).to_be_visible()
    trace = page.get_by_role("list", name="Trace of alpha/h1")
    expect(trace).to_contain_text("validation, seed 0")
    prompt = trace.get_by_role("group").filter(has_text="prompt, user").first
    expect(prompt.locator("pre")).to_be_hidden()
    prompt.locator("summary").click()
    expect(prompt.locator("pre")).to_be_visible()


def test_two_runs_are_compared(server: ReviewServer, begin_visit: Begin) -> None:
    visit = begin_visit(server)
    visit.open(VIEWS["two runs"])
    settings = visit.page.get_by_role("table", name="Settings that differ")
    expect(settings.get_by_role("row", name="loop.hypotheses 3 2")).to_be_visible()
    expect(visit.page.get_by_role("alert")).to_have_count(0)


@pytest.mark.timeout(300)  # a minute and more where other processes keep the processors busy
def test_every_view_is_accessible_in_light_and_dark(server: ReviewServer, begin_visit: Begin) -> None:
    axe_module = pytest.importorskip("axe_playwright_python.sync_playwright")
    axe, visit, found = axe_module.Axe(), begin_visit(server), {}
    for name, path in VIEWS.items():
        visit.open(path)
        for scheme, options in RULES.items():
            visit.page.emulate_media(color_scheme=scheme)
            for fault in axe.run(visit.page, options=options).response["violations"]:
                found[name, scheme, fault["id"]] = [node["html"][:160] for node in fault["nodes"]][:3]
    assert found == {}
